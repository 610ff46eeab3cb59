/* back_ends.h: where decimal_like.c keeps its objects: four ways, one of them compiled in.
 *
 *     BEGIN(left, right)   once in a function that has an operand or two of the type
 *     BEGIN_IN(module)     once in a function of the module
 *     BEGIN_FOR(type)      once in a function that has a type
 *     GET(name)            the object, borrowed
 *     SET(name, object)    takes a reference; while the module is made
 *
 * BACK_END_STATIC       C statics: one per process
 * BACK_END_STATE        the module's state, by the module that the type was made with
 * BACK_END_BY_DEF       the module's state, by PyType_GetModuleByDef
 * BACK_END_GLOBAL       hpystate_global, by hpystate_current() once in a function */
#ifndef PYGLOBAL_BACK_ENDS_H
#define PYGLOBAL_BACK_ENDS_H

#include <Python.h>

#define OBJECTS(X)                                                                                 \
    X(Decimal)                                                                                     \
    X(Context)                                                                                     \
    X(context_var)                                                                                 \
    X(InvalidOperation)                                                                            \
    X(DivisionByZero)                                                                              \
    X(Overflow)                                                                                    \
    X(Underflow)

static PyObject* add_decimals(PyObject* left, PyObject* right); /* in the slot of Decimal alone */
static void free_decimal(PyObject* self);
static struct PyModuleDef definition;

/* The operand that has the type Decimal or one that was made from it. */
static inline PyTypeObject* type_of_operands(PyObject* left, PyObject* right) {
    const PyNumberMethods* const number = Py_TYPE(left)->tp_as_number;
    return number != NULL && number->nb_add == add_decimals ? Py_TYPE(left) : Py_TYPE(right);
}

#if defined(BACK_END_STATIC) || defined(BACK_END_GLOBAL)

#define STATE_SIZE 0
#define TRAVERSE_STATE NULL
#define CLEAR_STATE NULL
#define BEGIN(left, right) BEGIN_HERE
#define BEGIN_IN(module) BEGIN_HERE
#define BEGIN_FOR(type) BEGIN_HERE

#else

typedef struct {
#define MEMBER(name) PyObject* name;
    OBJECTS(MEMBER)
#undef MEMBER
} State;

static int traverse_state(PyObject* module, visitproc visit, void* arg) {
    State* const here = (State*)PyModule_GetState(module);
#define VISIT(name) Py_VISIT(here->name);
    OBJECTS(VISIT)
#undef VISIT
    return 0;
}
static int clear_state(PyObject* module) {
    State* const here = (State*)PyModule_GetState(module);
#define CLEAR(name) Py_CLEAR(here->name);
    OBJECTS(CLEAR)
#undef CLEAR
    return 0;
}

#define STATE_SIZE ((Py_ssize_t)sizeof(State))
#define TRAVERSE_STATE traverse_state
#define CLEAR_STATE clear_state
#define BEGIN(left, right) State* const here = state_of_type(type_of_operands(left, right))
#define BEGIN_IN(module) State* const here = (State*)PyModule_GetState(module)
#define BEGIN_FOR(type) State* const here = state_of_type(type)
#define GET(name) (here->name)
#define SET(name, object) Py_XSETREF(here->name, object)
#define IMPORT() 0
#define INTERPRETERS Py_MOD_PER_INTERPRETER_GIL_SUPPORTED

#endif

#if defined(BACK_END_STATIC)

#define DEFINE(name) static PyObject* held_##name;
OBJECTS(DEFINE)
#define BEGIN_HERE (void)0
#define GET(name) held_##name
#define SET(name, object) Py_XSETREF(held_##name, object)
#define IMPORT() 0
#define INTERPRETERS Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED

#elif defined(BACK_END_GLOBAL)

#include <hpystate/global.h>

#define DEFINE(name) static hpystate_global held_##name;
OBJECTS(DEFINE)
#define BEGIN_HERE                                                                                 \
    __attribute__((unused)) const hpystate_interpreter* const here = hpystate_current()
#define GET(name) hpystate_global_borrow_in(here, &held_##name)
#define SET(name, object) set_global(&held_##name, object)
#define IMPORT() hpystate_import()
#define INTERPRETERS HPYSTATE_GLOBAL_INTERPRETERS

static inline void set_global(hpystate_global* global, PyObject* object) {
    hpystate_global_store(global, object); /* on_exec checks for an exception in the end */
    Py_XDECREF(object);
}

#elif defined(BACK_END_STATE)

/* A class that Python made from Decimal has no module of its own. */
static inline State* state_of_type(PyTypeObject* type) {
    while (type->tp_dealloc != free_decimal)
        type = type->tp_base;
    return (State*)PyType_GetModuleState(type);
}

#elif defined(BACK_END_BY_DEF)

static inline State* state_of_type(PyTypeObject* type) {
    return (State*)PyModule_GetState(PyType_GetModuleByDef(type, &definition));
}

#else
#error "decimal_like.c: define one of the names BACK_END_* in back_ends.h."
#endif

#endif
