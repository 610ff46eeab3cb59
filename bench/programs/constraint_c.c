/* constraint_c.c: linear expressions and constraints as a layout solver builds them: the C API.
 *
 *     2 * x + y - 3 * z <= 10     Variable * number -> Term, Term + ... -> Expression, <= ->
 * Constraint
 *
 * Types are C statics, as such extensions keep them. constraint_hpy.c is the same against HPy.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyTypeObject *Variable_Type, *Term_Type, *Expression_Type, *Constraint_Type;

typedef struct {
    PyObject_HEAD double value;
} Variable;
typedef struct {
    PyObject_HEAD PyObject* variable;
    double coefficient;
} Term;
typedef struct {
    PyObject_HEAD PyObject* terms; /* tuple of Term */
    double constant;
} Expression;
typedef struct {
    PyObject_HEAD PyObject* expression;
    int operation;
} Constraint;

static PyObject* allocate(PyTypeObject* type) {
    return type->tp_alloc(type, 0);
}

/* ---- what an operand is, as an expression: new reference ---- */

static PyObject* make_term(PyObject* variable, double coefficient) {
    PyObject* made = allocate(Term_Type);
    if (made == NULL) return NULL;
    ((Term*)made)->variable = Py_NewRef(variable);
    ((Term*)made)->coefficient = coefficient;
    return made;
}

/* Takes `terms`. */
static PyObject* make_expression(PyObject* terms, double constant) {
    PyObject* made = terms != NULL ? allocate(Expression_Type) : NULL;
    if (made == NULL) {
        Py_XDECREF(terms);
        return NULL;
    }
    ((Expression*)made)->terms = terms;
    ((Expression*)made)->constant = constant;
    return made;
}

static PyObject* expression_of(PyObject* operand) {
    if (PyObject_TypeCheck(operand, Expression_Type)) return Py_NewRef(operand);
    if (PyObject_TypeCheck(operand, Term_Type)) {
        return make_expression(PyTuple_Pack(1, operand), 0.0);
    }
    if (PyObject_TypeCheck(operand, Variable_Type)) {
        PyObject* term = make_term(operand, 1.0);
        PyObject* made = term != NULL ? make_expression(PyTuple_Pack(1, term), 0.0) : NULL;
        Py_XDECREF(term);
        return made;
    }
    if (PyFloat_Check(operand) || PyLong_Check(operand)) {
        double constant = PyFloat_AsDouble(operand);
        if (constant == -1.0 && PyErr_Occurred()) return NULL;
        return make_expression(PyTuple_New(0), constant);
    }
    return Py_NewRef(Py_NotImplemented);
}

/* ---- operators, shared by the three types ---- */

static PyObject* add(PyObject* a, PyObject* b) {
    PyObject *left = expression_of(a), *right = NULL, *made = NULL;
    if (left == NULL || left == Py_NotImplemented) return left;
    right = expression_of(b);
    if (right == NULL || right == Py_NotImplemented) {
        made = right;
    } else {
        Expression *l = (Expression*)left, *r = (Expression*)right;
        made = make_expression(PySequence_Concat(l->terms, r->terms), l->constant + r->constant);
        Py_DECREF(right);
    }
    Py_DECREF(left);
    return made;
}

/* variable or term times a number */
static PyObject* scale(PyObject* operand, double factor) {
    if (PyObject_TypeCheck(operand, Variable_Type)) return make_term(operand, factor);
    if (PyObject_TypeCheck(operand, Term_Type)) {
        Term* term = (Term*)operand;
        return make_term(term->variable, term->coefficient * factor);
    }
    return Py_NewRef(Py_NotImplemented);
}

static PyObject* multiply(PyObject* a, PyObject* b) {
    PyObject* number = PyFloat_Check(a) || PyLong_Check(a) ? a : b;
    double factor;
    if (!PyFloat_Check(number) && !PyLong_Check(number)) return Py_NewRef(Py_NotImplemented);
    factor = PyFloat_AsDouble(number);
    if (factor == -1.0 && PyErr_Occurred()) return NULL;
    return scale(number == a ? b : a, factor);
}

static PyObject* negate(PyObject* operand) {
    return scale(operand, -1.0);
}

static PyObject* subtract(PyObject* a, PyObject* b) {
    PyObject *negative, *made;
    if (PyFloat_Check(b) || PyLong_Check(b)) {
        double constant = PyFloat_AsDouble(b);
        if (constant == -1.0 && PyErr_Occurred()) return NULL;
        negative = make_expression(PyTuple_New(0), -constant);
    } else {
        negative = scale(b, -1.0);
    }
    if (negative == NULL || negative == Py_NotImplemented) return negative;
    made = add(a, negative);
    Py_DECREF(negative);
    return made;
}

static PyObject* compare(PyObject* a, PyObject* b, int operation) {
    PyObject *difference, *made;
    if (operation != Py_LE && operation != Py_GE && operation != Py_EQ) {
        return Py_NewRef(Py_NotImplemented);
    }
    difference = subtract(a, b);
    if (difference == NULL || difference == Py_NotImplemented) return difference;
    made = allocate(Constraint_Type);
    if (made == NULL) {
        Py_DECREF(difference);
        return NULL;
    }
    ((Constraint*)made)->expression = difference;
    ((Constraint*)made)->operation = operation;
    return made;
}

/* ---- types ---- */

static PyObject* Variable_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    return allocate(type);
}
static int visit_type(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}
#define HOLDER(type, member)                                                                       \
    static int type##_traverse(PyObject* self, visitproc visit, void* arg) {                       \
        Py_VISIT(((type*)self)->member);                                                           \
        return visit_type(self, visit, arg);                                                       \
    }                                                                                              \
    static void type##_dealloc(PyObject* self) {                                                   \
        PyTypeObject* cls = Py_TYPE(self);                                                         \
        PyObject_GC_UnTrack(self);                                                                 \
        Py_CLEAR(((type*)self)->member);                                                           \
        cls->tp_free(self);                                                                        \
        Py_DECREF(cls);                                                                            \
    }
HOLDER(Term, variable)
HOLDER(Expression, terms)
HOLDER(Constraint, expression)
static void Variable_dealloc(PyObject* self) {
    PyTypeObject* cls = Py_TYPE(self);
    cls->tp_free(self);
    Py_DECREF(cls);
}

/* The sum of a constraint's expression, as a check: all coefficients, then the constant. */
static PyObject* total(PyObject* module, PyObject* constraint) {
    Expression* expression;
    double sum;
    if (!PyObject_TypeCheck(constraint, Constraint_Type)) {
        PyErr_SetString(PyExc_TypeError, "total: a Constraint was expected");
        return NULL;
    }
    expression = (Expression*)((Constraint*)constraint)->expression;
    sum = expression->constant;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(expression->terms); i++)
        sum += ((Term*)PyTuple_GET_ITEM(expression->terms, i))->coefficient;
    return PyFloat_FromDouble(sum);
}

#define OPERATORS                                                                                  \
    {Py_nb_add, add}, {Py_nb_subtract, subtract}, {Py_nb_multiply, multiply},                      \
        {Py_nb_negative, negate}, {                                                                \
        Py_tp_richcompare, compare                                                                 \
    }
static PyType_Slot variable_slots[] = {
    {Py_tp_new, Variable_new}, {Py_tp_dealloc, Variable_dealloc}, OPERATORS, {0, NULL}};
static PyType_Slot term_slots[] = {
    {Py_tp_traverse, Term_traverse}, {Py_tp_dealloc, Term_dealloc}, OPERATORS, {0, NULL}};
static PyType_Slot expression_slots[] = {{Py_tp_traverse, Expression_traverse},
                                         {Py_tp_dealloc, Expression_dealloc},
                                         OPERATORS,
                                         {0, NULL}};
static PyType_Slot constraint_slots[] = {
    {Py_tp_traverse, Constraint_traverse}, {Py_tp_dealloc, Constraint_dealloc}, {0, NULL}};

#define GC (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC)
static PyType_Spec specs[] = {
    {"constraint_c.Variable", sizeof(Variable), 0, Py_TPFLAGS_DEFAULT, variable_slots},
    {"constraint_c.Term", sizeof(Term), 0, GC, term_slots},
    {"constraint_c.Expression", sizeof(Expression), 0, GC, expression_slots},
    {"constraint_c.Constraint", sizeof(Constraint), 0, GC, constraint_slots}};

static int execute(PyObject* module) {
    PyTypeObject** const types[] = {&Variable_Type, &Term_Type, &Expression_Type, &Constraint_Type};
    for (int i = 0; i < 4; i++) {
        *types[i] = (PyTypeObject*)PyType_FromModuleAndSpec(module, &specs[i], NULL);
        if (*types[i] == NULL || PyModule_AddType(module, *types[i]) < 0) return -1;
    }
    return 0;
}

static PyMethodDef methods[] = {{"total", total, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static PyModuleDef definition = {.m_base = PyModuleDef_HEAD_INIT,
                                 .m_name = "constraint_c",
                                 .m_methods = methods,
                                 .m_slots = slots};
PyMODINIT_FUNC PyInit_constraint_c(void) {
    return PyModuleDef_Init(&definition);
}
