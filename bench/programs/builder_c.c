/* builder_c.c: builds nested dicts and lists out of tokens, as a parser's back end does: the C API.
 *
 * Markers are compared with the objects in statics, keys and decimal texts are told by their type,
 * decimals are made by an imported class. builder_hpy.c is the same against HPy.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *open_list, *open_dict, *close_one, *Key_Type, *DecimalText_Type, *Decimal;

/* store(open_list, open_dict, close, Key, DecimalText, Decimal) */
static PyObject* store(PyObject* module, PyObject* const* args, Py_ssize_t nargs) {
    PyObject** const all[] = {&open_list, &open_dict,        &close_one,
                              &Key_Type,  &DecimalText_Type, &Decimal};
    for (Py_ssize_t i = 0; i < nargs && i < 6; i++)
        Py_XSETREF(*all[i], Py_NewRef(args[i]));
    Py_RETURN_NONE;
}

static PyObject* build_one(PyObject* tokens, Py_ssize_t* at);

static PyObject* next_token(PyObject* tokens, Py_ssize_t* at) {
    return PySequence_GetItem(tokens, (*at)++);
}

static PyObject* build_list(PyObject* tokens, Py_ssize_t* at) {
    PyObject* list = PyList_New(0);
    while (list != NULL) {
        PyObject *token = next_token(tokens, at), *item;
        int failed;
        if (token == NULL) break;
        failed = token == close_one;
        Py_DECREF(token);
        if (failed) return list;
        (*at)--;
        item = build_one(tokens, at);
        if (item == NULL) break;
        failed = PyList_Append(list, item) < 0;
        Py_DECREF(item);
        if (failed) break;
    }
    Py_XDECREF(list);
    return NULL;
}

static PyObject* build_dict(PyObject* tokens, Py_ssize_t* at) {
    PyObject* dict = PyDict_New();
    while (dict != NULL) {
        PyObject *token = next_token(tokens, at), *item;
        int failed;
        if (token == NULL) break;
        if (token == close_one) {
            Py_DECREF(token);
            return dict;
        }
        if (!PyObject_TypeCheck(token, (PyTypeObject*)Key_Type)) {
            PyErr_SetString(PyExc_ValueError, "a key was expected");
            Py_DECREF(token);
            break;
        }
        item = build_one(tokens, at);
        failed = item == NULL || PyObject_SetItem(dict, token, item) < 0;
        Py_DECREF(token);
        Py_XDECREF(item);
        if (failed) break;
    }
    Py_XDECREF(dict);
    return NULL;
}

static PyObject* build_one(PyObject* tokens, Py_ssize_t* at) {
    PyObject *token = next_token(tokens, at), *made = token;
    if (token == NULL) return NULL;
    if (token == open_list) {
        made = build_list(tokens, at);
    } else if (token == open_dict) {
        made = build_dict(tokens, at);
    } else if (PyObject_TypeCheck(token, (PyTypeObject*)DecimalText_Type)) {
        made = PyObject_Vectorcall(Decimal, &token, 1, NULL);
    } else {
        return token;
    }
    Py_DECREF(token);
    return made;
}

static PyObject* build(PyObject* module, PyObject* tokens) {
    Py_ssize_t at = 0;
    return build_one(tokens, &at);
}

static PyMethodDef methods[] = {{"store", (PyCFunction)(void (*)(void))store, METH_FASTCALL, NULL},
                                {"build", build, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "builder_c", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit_builder_c(void) {
    return PyModuleDef_Init(&definition);
}
