"""sources.py: extensions for HPy 0.0.4, and one for 0.9 that works with them."""

PROOF = """
    import sys
    sys.path.insert(0, {folder!r})
    import hpystate
    hpystate.install()
    import pof, pofcpp, pofpackage.foo, pofpackage.bar
    assert pof.do_nothing() is None and pofcpp.do_nothing() is None
    assert pof.double(21) == pofcpp.double(21) == 42
    assert pof.add_ints(30, 12) == pofcpp.add_ints(30, 12) == 42
    assert pof.add_ints_kw(b=30, a=12) == pofcpp.add_ints_kw(30, b=12) == 42
    assert repr(pof.Point(1, 2)) == repr(pofcpp.Point(1, 2)) == "Point(1, 2)"
    assert pofpackage.foo.hello() == "hello from pofpackage.foo"
    assert pofpackage.bar.hello(21) == 42
    for wrong in (lambda: pof.double(), lambda: pof.add_ints(1), lambda: pof.Point("x", 1)):
        try:
            wrong()
            raise AssertionError("nothing was raised")
        except TypeError:
            pass
    answer = id(pof.Point)
"""

KEEPER = """
    #include <hpy.h>
    static HPyGlobal kept;

    HPyDef_METH(put, "put", put_impl, HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &kept, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", get_impl, HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, kept);
        return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
    }

    /* writes to its arguments, which 0.0.4 allows */
    HPyDef_METH(last, "last", last_impl, HPyFunc_VARARGS)
    static HPy last_impl(HPyContext *ctx, HPy self, HPy *args, HPy_ssize_t nargs) {
        for (HPy_ssize_t i = 0; i + 1 < nargs; i++)
            args[i] = args[nargs - 1];
        return HPy_Dup(ctx, args[0]);
    }

    typedef struct { HPyField held; } Box;
    HPyType_HELPERS(Box)
    HPyDef_SLOT(Box_new, Box_new_impl, HPy_tp_new)
    static HPy Box_new_impl(HPyContext *ctx, HPy cls, HPy *args, HPy_ssize_t nargs, HPy kw) {
        Box *box;
        HPy h = HPy_New(ctx, cls, &box);
        if (!HPy_IsNull(h) && nargs > 0)
            HPyField_Store(ctx, h, &box->held, args[0]);
        return h;
    }
    HPyDef_SLOT(Box_traverse, Box_traverse_impl, HPy_tp_traverse)
    static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Box *)self)->held);
        return 0;
    }
    HPyDef_METH(Box_open, "open", Box_open_impl, HPyFunc_KEYWORDS)
    static HPy Box_open_impl(HPyContext *ctx, HPy self, HPy *args, HPy_ssize_t nargs, HPy kw) {
        long key = 0;
        static const char *names[] = {"key", NULL};
        if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kw, "|l", names, &key))
            return HPy_NULL;
        if (key != 0)
            return HPyLong_FromLong(ctx, key);
        return HPyField_Load(ctx, self, Box_AsStruct(ctx, self)->held);
    }
    static HPyDef *box_defines[] = {&Box_new, &Box_traverse, &Box_open, NULL};
    static HPyType_Spec box_spec = {
        .name = "keeper.Box", .basicsize = sizeof(Box), .defines = box_defines,
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC};

    static HPyDef *defines[] = {&put, &get, &last, NULL};
    static HPyModuleDef def = {.name = "keeper", .size = -1, .defines = defines};
    static HPyModuleDef second = {.name = "helper", .doc = "a second one", .defines = defines};

    HPy_MODINIT(keeper)
    static HPy init_keeper_impl(HPyContext *ctx) {
        HPy m = HPyModule_Create(ctx, &def);
        if (HPy_IsNull(m))
            return HPy_NULL;
        HPy h = HPyModule_Create(ctx, &second);
        if (HPy_IsNull(h) || HPy_SetAttr_s(ctx, m, "helper", h) < 0)
            return HPy_NULL;
        HPy_Close(ctx, h);
        if (!HPyHelpers_AddType(ctx, m, "Box", &box_spec, NULL))
            return HPy_NULL;
        return m;
    }
"""

NEW = """
    #include <hpy.h>
    typedef struct { int number; } Num;
    HPyType_HELPERS(Num)
    HPyDef_METH(Num_twice, "twice", HPyFunc_O)
    static HPy Num_twice_impl(HPyContext *ctx, HPy self, HPy arg) {
        return HPy_Add(ctx, arg, arg);
    }
    static HPyDef *num_defines[] = {&Num_twice, NULL};
    static HPyType_Spec num_spec = {
        .name = "newer.Num", .basicsize = sizeof(Num), .defines = num_defines,
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        return HPyHelpers_AddType(ctx, module, "Num", &num_spec, NULL) ? 0 : -1;
    }
    static HPyDef *defines[] = {&exec, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(newer, def)
"""

KEEPER_0_9 = """
    #include <hpy.h>
    static HPyGlobal kept;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &kept, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept); }
    static HPyDef *defines[] = {&put, &get, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(newkeeper, def)
"""

DERIVER = """
    #include <hpy.h>
    HPyDef_METH(thrice, "thrice", thrice_impl, HPyFunc_O)
    static HPy thrice_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPy twice = HPy_Add(ctx, arg, arg);
        HPy all = HPy_Add(ctx, twice, arg);
        HPy_Close(ctx, twice);
        return all;
    }
    static HPyDef *type_defines[] = {&thrice, NULL};
    static HPyType_Spec spec = {.name = "deriver.D", .defines = type_defines,
                                .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
    HPyDef_METH(derive, "derive", derive_impl, HPyFunc_O)
    static HPy derive_impl(HPyContext *ctx, HPy self, HPy base) {
        HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, base}, {0}};
        return HPyType_FromSpec(ctx, &spec, params);
    }
    HPyDef_METH(bad, "bad", bad_impl, HPyFunc_NOARGS)
    static HPy bad_impl(HPyContext *ctx, HPy self) {
        HPy wild = {8}; /* where nothing is */
        HPyType_SpecParam params[] = {{(HPyType_SpecParam_Kind)3, wild}, {0}};
        return HPyType_FromSpec(ctx, &spec, params);
    }
    HPyDef_METH(later, "later", later_impl, HPyFunc_NOARGS)
    static HPyDef *defines[] = {&derive, &bad, &later, NULL};
    static HPyModuleDef def = {.name = "deriver", .defines = defines};
    static HPyModuleDef another = {.name = "made_later", .defines = defines};
    static HPy later_impl(HPyContext *ctx, HPy self) { return HPyModule_Create(ctx, &another); }
    HPy_MODINIT(deriver)
    static HPy init_deriver_impl(HPyContext *ctx) { return HPyModule_Create(ctx, &def); }
"""

IMPORTER = """
    #include <hpy.h>
    static HPyModuleDef def = {.name = "importer"};
    HPy_MODINIT(importer)
    static HPy init_importer_impl(HPyContext *ctx) {
        HPy inner = HPyImport_ImportModule(ctx, "keeper");
        if (HPy_IsNull(inner))
            return HPy_NULL;
        HPy m = HPyModule_Create(ctx, &def);
        if (!HPy_IsNull(m) && HPy_SetAttr_s(ctx, m, "inner", inner) < 0)
            return HPy_NULL;
        HPy_Close(ctx, inner);
        return m;
    }
"""

TRAMPOLINES = """
    #include <Python.h>
    #include <hpy.h>
    HPyDef_METH(no, "no", no_impl, HPyFunc_NOARGS)
    static HPy no_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, 1); }
    HPyDef_METH(one, "one", one_impl, HPyFunc_O)
    static HPy one_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_Add(ctx, arg, arg); }
    HPyDef_METH(many, "many", many_impl, HPyFunc_VARARGS)
    static HPy many_impl(HPyContext *ctx, HPy self, HPy *args, HPy_ssize_t nargs) {
        return HPyLong_FromLong(ctx, nargs);
    }
    HPyDef_METH(named, "named", named_impl, HPyFunc_KEYWORDS)
    static HPy named_impl(HPyContext *ctx, HPy self, HPy *args, HPy_ssize_t nargs, HPy kw) {
        return HPyLong_FromLong(ctx, nargs + 10 * (HPy_IsNull(kw) ? 0 : HPy_Length(ctx, kw)));
    }
    HPyDef_SLOT(compare, compare_impl, HPy_tp_richcompare)
    static HPy compare_impl(HPyContext *ctx, HPy self, HPy other, HPy_RichCmpOp op) {
        return HPyLong_FromLong(ctx, (long)op);
    }
    HPyDef_SLOT(contains, contains_impl, HPy_sq_contains)
    static int contains_impl(HPyContext *ctx, HPy self, HPy other) {
        return HPy_Is(ctx, other, ctx->h_True);
    }
    HPyDef_SLOT(length, length_impl, HPy_sq_length)
    static HPy_ssize_t length_impl(HPyContext *ctx, HPy self) { return 1L << 40; }

    static PyObject *compare_lt(PyObject *self, PyObject *arg) {
        return compare_trampoline(self, arg, 5);
    }
    static PyObject *has(PyObject *self, PyObject *arg) {
        return PyLong_FromLong(contains_trampoline(self, arg));
    }
    static PyObject *len(PyObject *self, PyObject *unused) {
        return PyLong_FromSsize_t(length_trampoline(self));
    }
    static PyMethodDef table[] = {
        {"no", (PyCFunction)no_trampoline, METH_NOARGS},
        {"one", (PyCFunction)one_trampoline, METH_O},
        {"many", (PyCFunction)many_trampoline, METH_VARARGS},
        {"named", (PyCFunction)(void *)named_trampoline, METH_VARARGS | METH_KEYWORDS},
        {"compare", compare_lt, METH_O},
        {"has", has, METH_O},
        {"len", len, METH_NOARGS},
        {NULL},
    };
    static HPyModuleDef def = {.name = "jump", .legacy_methods = table};
    HPy_MODINIT(jump)
    static HPy init_jump_impl(HPyContext *ctx) { return HPyModule_Create(ctx, &def); }
"""

MINIMAL = """
    #include <hpy.h>
    static HPyModuleDef def = {.name = "wrong"};
    HPy_MODINIT(wrong)
    static HPy init_wrong_impl(HPyContext *ctx) { BODY }
"""
