/* slots.c: tests the contract of an HPyGlobal from inside an extension, on any runtime of HPy 0.9.
 *
 * It includes hpy.h of any implementation and nothing else of this project; the rules are those of
 * docs/versions.md, "The slot, as a specification". Build it as any extension, import `slots`, and
 * call check(i) for i from 0 to count() - 1: it returns (name, None), or (name, what was found);
 * name(i) returns the name alone. Each rule is a call of its own, since a runtime may crash in one.
 * What needs a second interpreter is for the caller: store(object), load() and word().
 *
 * slots_check() is the same for a program that has a context and no module: see its comment.
 */
#include <hpy.h>

#include <stdint.h>
#include <string.h>

static HPyGlobal unset, one, other, cleared, shared;
static HPyGlobal* globals[] = {&unset, &one, &other, &cleared, &shared, NULL};
static HPyGlobal unlisted;

static intptr_t word_of(const HPyGlobal* slot) {
    intptr_t word;
    memcpy(&word, slot, sizeof(word));
    return word;
}
static int is_own(const HPyGlobal* slot) {
    return word_of(slot) == (intptr_t)slot;
}
static int is_own_or_zero(const HPyGlobal* slot) {
    return word_of(slot) == 0 || is_own(slot);
}

/* Whether a load gives that object; a null handle stands for no value, without an exception. */
static int holds(HPyContext* ctx, HPyGlobal* slot, HPy wanted) {
    HPy found = HPyGlobal_Load(ctx, *slot);
    int good = HPy_IsNull(wanted) ? HPy_IsNull(found) && !HPyErr_Occurred(ctx)
                                  : !HPy_IsNull(found) && HPy_Is(ctx, found, wanted);
    if (!HPy_IsNull(found)) HPy_Close(ctx, found);
    HPyErr_Clear(ctx);
    return good;
}

/* ---- the rules: each returns NULL, or what was found ---- */

static const char* a_slot_is_one_word(HPyContext* ctx, HPy a, HPy b) {
    (void)ctx, (void)a, (void)b;
    return sizeof(HPyGlobal) == 8 ? NULL : "it has another size than 8 bytes";
}
static const char* a_slot_that_was_never_stored_holds_zero_or_its_address(HPyContext* ctx, HPy a,
                                                                          HPy b) {
    (void)ctx, (void)a, (void)b;
    return is_own_or_zero(&unset) ? NULL : "it holds another value";
}
static const char* a_slot_that_was_never_stored_loads_nothing(HPyContext* ctx, HPy a, HPy b) {
    (void)a, (void)b;
    return holds(ctx, &unset, HPy_NULL) ? NULL
                                        : "a load returned an object, or an exception is set";
}
static const char* a_load_returns_what_was_stored(HPyContext* ctx, HPy a, HPy b) {
    (void)b;
    HPyGlobal_Store(ctx, &one, a);
    if (!holds(ctx, &one, a)) return "the first load gave another object";
    return holds(ctx, &one, a) ? NULL : "the second load gave another object";
}
static const char* a_store_replaces_the_value(HPyContext* ctx, HPy a, HPy b) {
    HPyGlobal_Store(ctx, &one, a);
    HPyGlobal_Store(ctx, &one, b);
    return holds(ctx, &one, b) ? NULL : "a load gave another object than the last that was stored";
}
static const char* a_stored_slot_holds_its_address(HPyContext* ctx, HPy a, HPy b) {
    (void)b;
    HPyGlobal_Store(ctx, &one, a);
    return is_own(&one) ? NULL : "it holds another value";
}
static const char* another_store_leaves_the_word(HPyContext* ctx, HPy a, HPy b) {
    intptr_t before;
    HPyGlobal_Store(ctx, &one, a);
    before = word_of(&one);
    HPyGlobal_Store(ctx, &one, b);
    return word_of(&one) == before ? NULL : "the word of the slot changed with the object";
}
static const char* a_slot_does_not_see_the_values_of_another(HPyContext* ctx, HPy a, HPy b) {
    HPyGlobal_Store(ctx, &one, a);
    HPyGlobal_Store(ctx, &other, b);
    if (!holds(ctx, &one, a)) return "a store to another slot replaced its value";
    return holds(ctx, &other, b) ? NULL : "it has the value of another slot";
}
static const char* storing_null_clears(HPyContext* ctx, HPy a, HPy b) {
    (void)b;
    HPyGlobal_Store(ctx, &cleared, a);
    HPyGlobal_Store(ctx, &cleared, HPy_NULL);
    return holds(ctx, &cleared, HPy_NULL) ? NULL : "a load returned an object";
}
static const char* a_cleared_slot_holds_its_address(HPyContext* ctx, HPy a, HPy b) {
    (void)b;
    HPyGlobal_Store(ctx, &cleared, a);
    HPyGlobal_Store(ctx, &cleared, HPy_NULL);
    return is_own(&cleared) ? NULL : "it holds another value";
}
static const char* a_slot_that_no_module_lists_works(HPyContext* ctx, HPy a, HPy b) {
    (void)b;
    HPyGlobal_Store(ctx, &unlisted, a);
    if (!holds(ctx, &unlisted, a)) return "a load gave another object";
    return is_own(&unlisted) ? NULL : "it holds another value than its address";
}

struct rule {
    const char* name;
    const char* (*check)(HPyContext* ctx, HPy a, HPy b);
};
#define RULE(function)                                                                             \
    { #function, &function }
static const struct rule rules[] = {
    RULE(a_slot_is_one_word),
    RULE(a_slot_that_was_never_stored_holds_zero_or_its_address),
    RULE(a_slot_that_was_never_stored_loads_nothing),
    RULE(a_load_returns_what_was_stored),
    RULE(a_store_replaces_the_value),
    RULE(a_stored_slot_holds_its_address),
    RULE(another_store_leaves_the_word),
    RULE(a_slot_does_not_see_the_values_of_another),
    RULE(storing_null_clears),
    RULE(a_cleared_slot_holds_its_address),
    RULE(a_slot_that_no_module_lists_works),
};
enum { COUNT = sizeof(rules) / sizeof(rules[0]) };

/** Checks rule `i` with any context: 1 where it holds, 0 where it does not, -1 past the last one.
 * `name` gets the rule's name, `found` what was found, or NULL. The file's HPyModuleDef lists the
 * slots: where no module is made of it, they are slots that no module lists. */
HPy_EXPORTED_FUNC int slots_check(HPyContext* ctx, int i, const char** name, const char** found);
int slots_check(HPyContext* ctx, int i, const char** name, const char** found) {
    HPy a, b;
    if (i < 0 || i >= COUNT) return -1;
    a = HPyUnicode_FromString(ctx, "first");
    b = HPyUnicode_FromString(ctx, "second");
    *name = rules[i].name;
    *found = rules[i].check(ctx, a, b);
    HPy_Close(ctx, a);
    HPy_Close(ctx, b);
    return *found == NULL;
}

HPyDef_METH(count, "count", HPyFunc_NOARGS)
static HPy count_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyLong_FromLong(ctx, COUNT);
}

HPyDef_METH(check, "check", HPyFunc_O)
static HPy check_impl(HPyContext* ctx, HPy self, HPy number) {
    const char* name = NULL;
    const char* found = NULL;
    long i = HPyLong_AsLong(ctx, number);
    HPy items[2], result;
    (void)self;
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    if (slots_check(ctx, (int)i, &name, &found) < 0) {
        HPyErr_SetString(ctx, ctx->h_IndexError, "check: there is no rule of that number");
        return HPy_NULL;
    }
    items[0] = HPyUnicode_FromString(ctx, name);
    items[1] = found == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyUnicode_FromString(ctx, found);
    result = HPyTuple_FromArray(ctx, items, 2);
    HPy_Close(ctx, items[0]);
    HPy_Close(ctx, items[1]);
    return result;
}

/* What check(i) is about: a runtime may crash in it. */
HPyDef_METH(name, "name", HPyFunc_O)
static HPy name_impl(HPyContext* ctx, HPy self, HPy number) {
    long i = HPyLong_AsLong(ctx, number);
    (void)self;
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    if (i >= 0 && i < COUNT) return HPyUnicode_FromString(ctx, rules[i].name);
    HPyErr_SetString(ctx, ctx->h_IndexError, "name: there is no rule of that number");
    return HPy_NULL;
}

HPyDef_METH(store, "store", HPyFunc_O)
static HPy store_impl(HPyContext* ctx, HPy self, HPy value) {
    (void)self;
    HPyGlobal_Store(ctx, &shared, value);
    return HPy_Dup(ctx, ctx->h_None);
}

/* None where nothing is stored in this interpreter. */
HPyDef_METH(load, "load", HPyFunc_NOARGS)
static HPy load_impl(HPyContext* ctx, HPy self) {
    HPy found = HPyGlobal_Load(ctx, shared);
    (void)self;
    if (!HPy_IsNull(found) || HPyErr_Occurred(ctx)) return found;
    return HPy_Dup(ctx, ctx->h_None);
}

/* 0, 1 where it is the slot's own address, else 2. */
HPyDef_METH(word, "word", HPyFunc_NOARGS)
static HPy word_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyLong_FromLong(ctx, word_of(&shared) == 0 ? 0 : is_own(&shared) ? 1 : 2);
}

static HPyDef* defines[] = {&count, &check, &name, &store, &load, &word, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(slots, definition)
