/* face.h: what the stress extensions use of HPy, as CPython's own API and hpystate/global.h have
 * it.
 *
 * So the same sources are extensions of the C API, with either back end: -DFACE, and for tables in
 * the file itself -DHPYSTATE_GLOBAL_EMBED. An HPyGlobal is a hpystate_global; where HPy takes one
 * by value, its address is taken here. Everything else is the nearest call of CPython's.
 */
#pragma once

#include <Python.h>

#include <hpystate/global.h>

#include <stdint.h>

typedef PyObject* HPy;
typedef Py_ssize_t HPy_ssize_t;
typedef hpystate_global HPyGlobal;
#define HPy_NULL NULL
#define HPy_EXPORTED_FUNC __attribute__((visibility("default"))) extern

/* One for the process: what it holds is the same in every interpreter. Filled when the file is
 * opened. */
typedef struct {
    HPy h_None, h_TypeError, h_ValueError, h_RuntimeError, h_LongType;
} HPyContext;
static HPyContext face_context;

__attribute__((constructor)) static void face_fill_context(void) {
    face_context.h_None = Py_None;
    face_context.h_TypeError = PyExc_TypeError;
    face_context.h_ValueError = PyExc_ValueError;
    face_context.h_RuntimeError = PyExc_RuntimeError;
    face_context.h_LongType = (PyObject*)&PyLong_Type;
}

/* ---- objects ---- */

#define HPy_IsNull(h) ((h) == NULL)
#define HPy_Close(ctx, h) ((void)(ctx), Py_XDECREF(h))
#define HPy_Dup(ctx, h) Py_NewRef(h)
#define HPy_Is(ctx, a, b) ((a) == (b))
#define HPy_IsTrue(ctx, h) PyObject_IsTrue(h)
#define HPy_Call(ctx, callable, args, n, names) PyObject_Vectorcall(callable, args, n, names)
#define HPy_BuildValue(ctx, ...) Py_BuildValue(__VA_ARGS__)
#define HPyLong_FromLong(ctx, number) PyLong_FromLong(number)
#define HPyLong_FromUInt64_t(ctx, number) PyLong_FromUnsignedLongLong(number)
#define HPyLong_AsUInt64_t(ctx, h) PyLong_AsUnsignedLongLong(h)
#define HPyUnicode_FromString(ctx, text) PyUnicode_FromString(text)
#define HPyDict_New(ctx) PyDict_New()
#define HPyImport_ImportModule(ctx, name) PyImport_ImportModule(name)
#define HPyErr_Occurred(ctx) (PyErr_Occurred() != NULL)
#define HPyErr_Clear(ctx) PyErr_Clear()
#define HPyErr_ExceptionMatches(ctx, type) PyErr_ExceptionMatches(type)
#define HPyErr_SetString(ctx, type, text) face_raise(type, text)

__attribute__((unused)) static HPy face_raise(PyObject* type, const char* text) {
    PyErr_SetString(type, text);
    return NULL;
}

__attribute__((unused)) static int HPy_SetItem_i(HPyContext* ctx, HPy object, HPy_ssize_t index,
                                                 HPy value) {
    PyObject* const key = PyLong_FromSsize_t(index);
    (void)ctx;
    if (key == NULL) return -1;
    const int result = PyObject_SetItem(object, key, value);
    Py_DECREF(key);
    return result;
}

/* ---- globals ---- */

#define HPyGlobal_Store(ctx, global, h) ((void)hpystate_global_store(global, h))
#define HPyGlobal_Load(ctx, global) face_load(&(global))
#define HPyGlobal_Borrow(ctx, global) hpystate_global_borrow(&(global))
#define HPyGlobal_LoadOrInit(ctx, global, make, arg) face_first(global, make, arg)
#define HPyGlobal_Import(ctx, global, module, name) hpystate_global_import(global, module, name)
#define HPy_Call_g(ctx, global, args, n, names) hpystate_call(&(global), args, n, names)
#define HPy_TypeCheck_g(ctx, h, global) hpystate_type_check(h, &(global))
#define HPy_Is_g(ctx, h, global) hpystate_is(h, &(global))
#define HPy_GetItem_g(ctx, global, key) hpystate_getitem(&(global), key)
#define HPy_GetAttr_g(ctx, h, global) hpystate_getattr(h, &(global))
#define HPyErr_SetString_g(ctx, global, text) hpystate_err_set_string(&(global), text)
#define HPy_AsStruct_g(ctx, global, shape) face_struct_of(&(global))
#define HPy_New_g(ctx, global, data) face_new(&(global), (void**)(data))

__attribute__((unused)) static HPy face_load(const HPyGlobal* global) {
    PyObject* found;
    return hpystate_global_get_ref(global, &found) > 0 ? found : NULL;
}

struct face_maker {
    HPy (*make)(HPyContext* ctx, void* arg);
    void* arg;
};

__attribute__((unused)) static PyObject* face_make(void* arg) {
    const struct face_maker* const maker = (const struct face_maker*)arg;
    return maker->make(&face_context, maker->arg);
}

__attribute__((unused)) static HPy face_first(HPyGlobal* global,
                                              HPy (*make)(HPyContext* ctx, void* arg), void* arg) {
    struct face_maker maker = {make, arg};
    return hpystate_global_get_or_init(global, face_make, &maker);
}

/* Behind the object's head, as in HPy_New(). */
static inline void* face_struct(HPy object) {
    return (char*)object + sizeof(PyObject);
}

__attribute__((unused)) static void* face_struct_of(const HPyGlobal* global) {
    PyObject* const held = hpystate_global_borrow(global);
    if (held != NULL) return face_struct(held);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "the global holds nothing");
    return NULL;
}

__attribute__((unused)) static HPy face_new(const HPyGlobal* global, void** data) {
    PyObject* type;
    const int found = hpystate_global_get_ref(global, &type);
    if (found == 0) PyErr_SetString(PyExc_SystemError, "the global of a type holds nothing");
    if (found <= 0) return NULL;
    PyObject* const object = ((PyTypeObject*)type)->tp_alloc((PyTypeObject*)type, 0);
    Py_DECREF(type);
    if (object != NULL) *data = face_struct(object);
    return object;
}

/* ---- fields: a visitor either visits or clears ---- */

typedef PyObject* HPyField;
typedef int (*HPyFunc_visitproc)(HPyField* field, void* arg);
#define HPyField_Store(ctx, owner, field, h) Py_XSETREF(*(field), Py_XNewRef(h))
#define HPy_VISIT(field)                                                                           \
    do {                                                                                           \
        const int stop = visit(field, arg);                                                        \
        if (stop != 0) return stop;                                                                \
    } while (0)

struct face_visit {
    visitproc visit;
    void* arg;
};

__attribute__((unused)) static int face_visit_field(HPyField* field, void* data) {
    const struct face_visit* const with = (const struct face_visit*)data;
    return *field != NULL ? with->visit(*field, with->arg) : 0;
}

__attribute__((unused)) static int face_clear_field(HPyField* field, void* data) {
    (void)data;
    Py_CLEAR(*field);
    return 0;
}

/* ---- definitions ---- */

/* A method, or up to two slots of a type. */
typedef struct {
    PyMethodDef method;
    PyType_Slot slots[2];
} HPyDef;

#define FACE_FUNCTION(function) ((PyCFunction)(void (*)(void))(function))
#define HPyDef_METH(symbol, name, signature)                                                       \
    static HPy symbol##_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs);            \
    static PyObject* symbol##_call(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {      \
        return symbol##_impl(&face_context, self, args, (size_t)nargs);                            \
    }                                                                                              \
    static HPyDef symbol = {{name, FACE_FUNCTION(symbol##_call), METH_FASTCALL, NULL},             \
                            {{0, NULL}, {0, NULL}}};
#define FACE_SLOTS(symbol, first, first_call, second, second_call)                                 \
    static HPyDef symbol = {                                                                       \
        {NULL, NULL, 0, NULL},                                                                     \
        {{first, (void*)(uintptr_t)(first_call)}, {second, (void*)(uintptr_t)(second_call)}}};

#define HPyDef_SLOT(symbol, slot) FACE_##slot(symbol)
#define FACE_HPy_tp_destroy(symbol)                                                                \
    static void symbol##_impl(void* self);                                                         \
    static void symbol##_call(PyObject* self) {                                                    \
        face_dealloc(self, symbol##_impl);                                                         \
    }                                                                                              \
    FACE_SLOTS(symbol, Py_tp_dealloc, symbol##_call, 0, NULL)
#define FACE_HPy_tp_finalize(symbol)                                                               \
    static void symbol##_impl(HPyContext* ctx, HPy self);                                          \
    static void symbol##_call(PyObject* self) {                                                    \
        PyObject* const raised = PyErr_GetRaisedException();                                       \
        symbol##_impl(&face_context, self);                                                        \
        PyErr_SetRaisedException(raised);                                                          \
    }                                                                                              \
    FACE_SLOTS(symbol, Py_tp_finalize, symbol##_call, 0, NULL)
#define FACE_HPy_tp_traverse(symbol)                                                               \
    static int symbol##_impl(void* self, HPyFunc_visitproc visit, void* arg);                      \
    static int symbol##_call(PyObject* self, visitproc visit, void* arg) {                         \
        struct face_visit with = {visit, arg};                                                     \
        Py_VISIT(Py_TYPE(self));                                                                   \
        return symbol##_impl(face_struct(self), face_visit_field, &with);                          \
    }                                                                                              \
    static int symbol##_clear(PyObject* self) {                                                    \
        return symbol##_impl(face_struct(self), face_clear_field, NULL);                           \
    }                                                                                              \
    FACE_SLOTS(symbol, Py_tp_traverse, symbol##_call, Py_tp_clear, symbol##_clear)

__attribute__((unused)) static void face_dealloc(PyObject* self, void (*destroy)(void*)) {
    PyTypeObject* const type = Py_TYPE(self);
    if (type->tp_finalize != NULL && PyObject_CallFinalizerFromDealloc(self) < 0) return;
    if (PyObject_IS_GC(self)) PyObject_GC_UnTrack(self);
    destroy(face_struct(self));
    type->tp_free(self);
    Py_DECREF(type);
}

#define HPy_TPFLAGS_DEFAULT Py_TPFLAGS_DEFAULT
#define HPy_TPFLAGS_HAVE_GC Py_TPFLAGS_HAVE_GC
#define HPyType_HELPERS(type)                                                                      \
    enum { type##_SHAPE };                                                                         \
    __attribute__((unused)) static type* type##_AsStruct(HPyContext* ctx, HPy h) {                 \
        (void)ctx;                                                                                 \
        return (type*)face_struct(h);                                                              \
    }
#define SHAPE(type) type##_SHAPE

typedef struct {
    const char* name;
    size_t basicsize;
    int builtin_shape;
    unsigned long flags;
    HPyDef** defines;
} HPyType_Spec;
#define HPyType_FromSpec(ctx, spec, parameters) face_type(spec)

enum { FACE_MOST = 16 };

__attribute__((unused)) static HPy face_type(const HPyType_Spec* spec) {
    PyType_Slot slots[2 * FACE_MOST + 1];
    size_t count = 0;
    for (HPyDef** define = spec->defines; *define != NULL; ++define) {
        for (int i = 0; i < 2; ++i) {
            if ((*define)->slots[i].slot != 0) slots[count++] = (*define)->slots[i];
        }
    }
    slots[count].slot = 0;
    slots[count].pfunc = NULL;
    PyType_Spec made = {spec->name, (int)(sizeof(PyObject) + spec->basicsize), 0,
                        (unsigned)spec->flags, slots};
    PyObject* const type = PyType_FromSpec(&made);
    if (type == NULL && !PyErr_Occurred()) PyErr_NoMemory(); /* CPython forgets it: new_type.h */
    return type;
}

typedef struct {
    const char* doc;
    HPyDef** defines;
    HPyGlobal** globals; /* for HPy alone: here a slot is known from its first store on */
} HPyModuleDef;

static PyMethodDef face_methods[FACE_MOST + 1];

static int face_exec(PyObject* module) {
    (void)module;
    return hpystate_import();
}

static PyModuleDef_Slot face_module_slots[] = {
    {Py_mod_exec, (void*)(uintptr_t)face_exec},
    {Py_mod_multiple_interpreters, HPYSTATE_GLOBAL_INTERPRETERS},
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

#define HPy_MODINIT(name, definition)                                                              \
    __attribute__((constructor)) static void face_fill_methods(void) {                             \
        for (size_t i = 0; (definition).defines[i] != NULL; ++i)                                   \
            face_methods[i] = (definition).defines[i]->method;                                     \
    }                                                                                              \
    FACE_MODULE(name, #name)
#define FACE_MODULE(name, text)                                                                    \
    static PyModuleDef face_module = {PyModuleDef_HEAD_INIT, text, NULL, 0,   face_methods,        \
                                      face_module_slots,     NULL, NULL, NULL};                    \
    PyMODINIT_FUNC PyInit_##name(void) {                                                           \
        return PyModuleDef_Init(&face_module);                                                     \
    }
