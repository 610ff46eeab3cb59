/* rates.c: an extension for HPy 0.9 with a table of rates per interpreter. It lends a C function
 * and the global that holds the table to other extensions, by the capsule `rates._C_API`. */
#include "rates.h"

static HPyGlobal table;
static HPyGlobal* rates_globals[] = {&table, NULL};

static int convert(HPyContext* ctx, HPy currency, double amount, double* price) {
    HPy own = HPyGlobal_Load(ctx, table);
    HPy rate = HPy_GetItem(ctx, own, currency); /* a null table is an error too */
    HPy_Close(ctx, own);
    if (HPy_IsNull(rate)) return -1;
    *price = amount * HPyFloat_AsDouble(ctx, rate);
    HPy_Close(ctx, rate);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

static rates_api api = {RATES_API_VERSION, convert, &table};

HPyDef_METH(rates_convert, "convert", HPyFunc_VARARGS)
static HPy rates_convert_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPy currency;
    double amount, price;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "Od", &currency, &amount)) return HPy_NULL;
    if (convert(ctx, currency, amount, &price) < 0) return HPy_NULL;
    return HPyFloat_FromDouble(ctx, price);
}

HPyDef_SLOT(rates_exec, HPy_mod_exec)
static int rates_exec_impl(HPyContext* ctx, HPy module) {
    HPy made = HPyDict_New(ctx);
    HPy capsule = HPyCapsule_New(ctx, &api, "rates._C_API", NULL);
    int result = -1;
    if (!HPy_IsNull(made) && !HPy_IsNull(capsule)) {
        HPyGlobal_Store(ctx, &table, made);
        result = HPy_SetAttr_s(ctx, module, "_C_API", capsule);
    }
    HPy_Close(ctx, made);
    HPy_Close(ctx, capsule);
    return result;
}

static HPyDef* rates_defines[] = {&rates_exec, &rates_convert, NULL};
static HPyModuleDef rates_def = {.defines = rates_defines, .globals = rates_globals};
HPy_MODINIT(rates, rates_def)
