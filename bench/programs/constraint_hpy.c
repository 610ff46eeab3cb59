/* constraint_hpy.c: linear expressions and constraints as a layout solver builds them: HPy.
 *
 * constraint_c.c line by line, but for what HPy does otherwise: references between objects are
 * fields, types are in globals.
 */
#include "globals.h"

static HPyGlobal Variable_Type, Term_Type, Expression_Type, Constraint_Type;

typedef struct {
    double value;
} Variable;
typedef struct {
    HPyField variable;
    double coefficient;
} Term;
typedef struct {
    HPyField terms; /* tuple of Term */
    double constant;
} Expression;
typedef struct {
    HPyField expression;
    int operation;
} Constraint;
HPyType_HELPERS(Variable)
HPyType_HELPERS(Term)
HPyType_HELPERS(Expression)
HPyType_HELPERS(Constraint)

static int is_number(HPyContext* ctx, HPy h) {
    return HPy_TypeCheck(ctx, h, ctx->h_FloatType) || HPy_TypeCheck(ctx, h, ctx->h_LongType);
}

static HPy not_implemented(HPyContext* ctx) {
    return HPy_Dup(ctx, ctx->h_NotImplemented);
}

static int failed(HPyContext* ctx, HPy h) {
    return HPy_IsNull(h) || HPy_Is(ctx, h, ctx->h_NotImplemented);
}

/* ---- what an operand is, as an expression: new handle ---- */

static HPy make_term(HPyContext* ctx, HPy variable, double coefficient) {
    Term* term;
    HPy made = NEW(Term_Type, &term);
    if (HPy_IsNull(made)) return HPy_NULL;
    HPyField_Store(ctx, made, &term->variable, variable);
    term->coefficient = coefficient;
    return made;
}

/* Takes `terms`. */
static HPy make_expression(HPyContext* ctx, HPy terms, double constant) {
    Expression* expression;
    HPy made;
    if (HPy_IsNull(terms)) return HPy_NULL;
    made = NEW(Expression_Type, &expression);
    if (!HPy_IsNull(made)) {
        HPyField_Store(ctx, made, &expression->terms, terms);
        expression->constant = constant;
    }
    HPy_Close(ctx, terms);
    return made;
}

static HPy expression_of(HPyContext* ctx, HPy operand) {
    if (IS_INSTANCE(operand, Expression_Type)) return HPy_Dup(ctx, operand);
    if (IS_INSTANCE(operand, Term_Type)) {
        return make_expression(ctx, HPyTuple_Pack(ctx, 1, operand), 0.0);
    }
    if (IS_INSTANCE(operand, Variable_Type)) {
        HPy made, term = make_term(ctx, operand, 1.0);
        if (HPy_IsNull(term)) return HPy_NULL;
        made = make_expression(ctx, HPyTuple_Pack(ctx, 1, term), 0.0);
        HPy_Close(ctx, term);
        return made;
    }
    if (is_number(ctx, operand)) {
        double constant = HPyFloat_AsDouble(ctx, operand);
        if (constant == -1.0 && HPyErr_Occurred(ctx)) return HPy_NULL;
        return make_expression(ctx, HPyTuple_FromArray(ctx, NULL, 0), constant);
    }
    return not_implemented(ctx);
}

/* ---- operators, shared by the three types ---- */

static HPy add_expressions(HPyContext* ctx, HPy left, HPy right) {
    Expression *l = Expression_AsStruct(ctx, left), *r = Expression_AsStruct(ctx, right);
    HPy left_terms = HPyField_Load(ctx, left, l->terms);
    HPy right_terms = HPyField_Load(ctx, right, r->terms);
    HPy terms = HPy_Add(ctx, left_terms, right_terms);
    HPy_Close(ctx, left_terms);
    HPy_Close(ctx, right_terms);
    return make_expression(ctx, terms, l->constant + r->constant);
}

static HPy add(HPyContext* ctx, HPy a, HPy b) {
    HPy left = expression_of(ctx, a), right, made;
    if (failed(ctx, left)) return left;
    right = expression_of(ctx, b);
    if (failed(ctx, right)) {
        made = right;
    } else {
        made = add_expressions(ctx, left, right);
        HPy_Close(ctx, right);
    }
    HPy_Close(ctx, left);
    return made;
}

/* variable or term times a number */
static HPy scale(HPyContext* ctx, HPy operand, double factor) {
    if (IS_INSTANCE(operand, Variable_Type)) return make_term(ctx, operand, factor);
    if (IS_INSTANCE(operand, Term_Type)) {
        Term* term = Term_AsStruct(ctx, operand);
        HPy variable = HPyField_Load(ctx, operand, term->variable);
        HPy made = make_term(ctx, variable, term->coefficient * factor);
        HPy_Close(ctx, variable);
        return made;
    }
    return not_implemented(ctx);
}

static HPy multiply(HPyContext* ctx, HPy a, HPy b) {
    int first = is_number(ctx, a);
    HPy number = first ? a : b;
    double factor;
    if (!first && !is_number(ctx, b)) return not_implemented(ctx);
    factor = HPyFloat_AsDouble(ctx, number);
    if (factor == -1.0 && HPyErr_Occurred(ctx)) return HPy_NULL;
    return scale(ctx, first ? b : a, factor);
}

static HPy negate(HPyContext* ctx, HPy operand) {
    return scale(ctx, operand, -1.0);
}

static HPy subtract(HPyContext* ctx, HPy a, HPy b) {
    HPy negative, made;
    if (is_number(ctx, b)) {
        double constant = HPyFloat_AsDouble(ctx, b);
        if (constant == -1.0 && HPyErr_Occurred(ctx)) return HPy_NULL;
        negative = make_expression(ctx, HPyTuple_FromArray(ctx, NULL, 0), -constant);
    } else {
        negative = scale(ctx, b, -1.0);
    }
    if (failed(ctx, negative)) return negative;
    made = add(ctx, a, negative);
    HPy_Close(ctx, negative);
    return made;
}

static HPy compare(HPyContext* ctx, HPy a, HPy b, HPy_RichCmpOp operation) {
    HPy difference, made;
    Constraint* constraint;
    if (operation != HPy_LE && operation != HPy_GE && operation != HPy_EQ) {
        return not_implemented(ctx);
    }
    difference = subtract(ctx, a, b);
    if (failed(ctx, difference)) return difference;
    made = NEW(Constraint_Type, &constraint);
    if (!HPy_IsNull(made)) {
        HPyField_Store(ctx, made, &constraint->expression, difference);
        constraint->operation = operation;
    }
    HPy_Close(ctx, difference);
    return made;
}

/* ---- types ---- */

HPyDef_SLOT(Variable_new, HPy_tp_new)
static HPy Variable_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs,
                             HPy kw) {
    Variable* data;
    return HPy_New(ctx, type, &data);
}

#define HOLDER(type, member)                                                                       \
    HPyDef_SLOT(type##_traverse, HPy_tp_traverse)                                                  \
    static int type##_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {              \
        HPy_VISIT(&((type*)self)->member);                                                         \
        return 0;                                                                                  \
    }
HOLDER(Term, variable)
HOLDER(Expression, terms)
HOLDER(Constraint, expression)

#define OPERATORS(type)                                                                            \
    HPyDef_SLOT(type##_add, HPy_nb_add)                                                            \
    static HPy type##_add_impl(HPyContext* ctx, HPy a, HPy b) {                                    \
        return add(ctx, a, b);                                                                     \
    }                                                                                              \
    HPyDef_SLOT(type##_subtract, HPy_nb_subtract)                                                  \
    static HPy type##_subtract_impl(HPyContext* ctx, HPy a, HPy b) {                               \
        return subtract(ctx, a, b);                                                                \
    }                                                                                              \
    HPyDef_SLOT(type##_multiply, HPy_nb_multiply)                                                  \
    static HPy type##_multiply_impl(HPyContext* ctx, HPy a, HPy b) {                               \
        return multiply(ctx, a, b);                                                                \
    }                                                                                              \
    HPyDef_SLOT(type##_negate, HPy_nb_negative)                                                    \
    static HPy type##_negate_impl(HPyContext* ctx, HPy self) {                                     \
        return negate(ctx, self);                                                                  \
    }                                                                                              \
    HPyDef_SLOT(type##_compare, HPy_tp_richcompare)                                                \
    static HPy type##_compare_impl(HPyContext* ctx, HPy a, HPy b, HPy_RichCmpOp operation) {       \
        return compare(ctx, a, b, operation);                                                      \
    }
OPERATORS(Variable)
OPERATORS(Term)
OPERATORS(Expression)

#define ITS_OPERATORS(type)                                                                        \
    &type##_add, &type##_subtract, &type##_multiply, &type##_negate, &type##_compare
static HPyDef* variable_defines[] = {&Variable_new, ITS_OPERATORS(Variable), NULL};
static HPyDef* term_defines[] = {&Term_traverse, ITS_OPERATORS(Term), NULL};
static HPyDef* expression_defines[] = {&Expression_traverse, ITS_OPERATORS(Expression), NULL};
static HPyDef* constraint_defines[] = {&Constraint_traverse, NULL};

#define SPEC(type, its_flags, its_defines)                                                         \
    {                                                                                              \
        .name = "constraint_hpy." #type, .basicsize = sizeof(type), .builtin_shape = type##_SHAPE, \
        .flags = its_flags, .defines = its_defines                                                 \
    }
#define GC (HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC)
static HPyType_Spec specs[] = {
    SPEC(Variable, HPy_TPFLAGS_DEFAULT, variable_defines), SPEC(Term, GC, term_defines),
    SPEC(Expression, GC, expression_defines), SPEC(Constraint, GC, constraint_defines)};

HPyDef_METH(total, "total", HPyFunc_O)
static HPy total_impl(HPyContext* ctx, HPy self, HPy constraint) {
    HPy expression, terms;
    double sum;
    if (!IS_INSTANCE(constraint, Constraint_Type)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "total: a Constraint was expected");
        return HPy_NULL;
    }
    expression = HPyField_Load(ctx, constraint, Constraint_AsStruct(ctx, constraint)->expression);
    sum = Expression_AsStruct(ctx, expression)->constant;
    terms = HPyField_Load(ctx, expression, Expression_AsStruct(ctx, expression)->terms);
    for (HPy_ssize_t i = 0; i < HPy_Length(ctx, terms); i++) {
        HPy term = HPy_GetItem_i(ctx, terms, i);
        sum += Term_AsStruct(ctx, term)->coefficient;
        HPy_Close(ctx, term);
    }
    HPy_Close(ctx, terms);
    HPy_Close(ctx, expression);
    return HPyFloat_FromDouble(ctx, sum);
}

HPyDef_SLOT(execute, HPy_mod_exec)
static int execute_impl(HPyContext* ctx, HPy module) {
    static const char* const names[] = {"Variable", "Term", "Expression", "Constraint"};
    HPyGlobal* const types[] = {&Variable_Type, &Term_Type, &Expression_Type, &Constraint_Type};
    for (int i = 0; i < 4; i++) {
        HPy type = HPyType_FromSpec(ctx, &specs[i], NULL);
        int failed;
        if (HPy_IsNull(type)) return -1;
        HPyGlobal_Store(ctx, types[i], type);
        failed = HPy_SetAttr_s(ctx, module, names[i], type) < 0;
        HPy_Close(ctx, type);
        if (failed) return -1;
    }
    return 0;
}

static HPyDef* defines[] = {&total, &execute, NULL};
static HPyGlobal* globals[] = {&Variable_Type, &Term_Type, &Expression_Type, &Constraint_Type,
                               NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(constraint_hpy, definition)
