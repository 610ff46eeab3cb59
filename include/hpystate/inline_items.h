/* hpystate/inline_items.h: inline forms: lengths and items of tuples and lists, and their builders.
 * C11, C++17.
 *
 * Included by hpystate/inline_forms.h, where it is told what an inline form is and how objects
 * look. A known context has a GIL, which its caller holds: no other thread changes a list
 * meanwhile.
 */
#pragma once

#include "hpystate/inline_numbers.h"

#if !defined(HPY_ABI_CPYTHON)

#ifdef __cplusplus
extern "C" {
#endif

static inline HPy_ssize_t hpystate_Length(HPyContext* ctx, HPy h) {
    if (hpystate_is_known(ctx) && h._i != 0 &&
        (hpystate_is_exact(h, ctx->h_TupleType) || hpystate_is_exact(h, ctx->h_ListType))) {
        return (HPy_ssize_t)hpystate_word_of(h, 2);
    }
    return HPy_Length(ctx, h);
}

/* Of a tuple, and of a list. */
static inline hpystate_word* hpystate_tuple_items(hpystate_word tuple) {
    return (hpystate_word*)(tuple + (hpystate_word)hpystate_fused_state.tuple_items);
}
static inline hpystate_word* hpystate_list_items(hpystate_word list) {
    return (hpystate_word*)((const hpystate_word*)list)[3];
}

/* In a known context: makes a handle of item `index`. 0: ask the context. */
static inline int hpystate_item(HPyContext* ctx, HPy obj, HPy_ssize_t index, HPy* item) {
    const hpystate_word* items;
    if (__builtin_expect(hpystate_is_exact(obj, ctx->h_TupleType), 1)) {
        items = hpystate_tuple_items(obj._i);
    } else if (hpystate_is_exact(obj, ctx->h_ListType)) {
        items = hpystate_list_items(obj._i);
    } else {
        return 0;
    }
    if (__builtin_expect((size_t)index >= (size_t)hpystate_word_of(obj, 2), 0)) return 0;
    item->_i = items[index];
    hpystate_take(*item);
    return 1;
}

static inline HPy hpystate_GetItem_i(HPyContext* ctx, HPy obj, HPy_ssize_t index) {
    HPy item = HPy_NULL;
    if (hpystate_is_known(ctx) && obj._i != 0 && hpystate_item(ctx, obj, index, &item)) return item;
    return HPy_GetItem_i(ctx, obj, index);
}

static inline HPy hpystate_GetItem(HPyContext* ctx, HPy obj, HPy key) {
    hpystate_word index = 0;
    HPy item = HPy_NULL;
    if (hpystate_is_known(ctx) && obj._i != 0 && key._i != 0 &&
        hpystate_read_int(ctx, key, &index) && hpystate_item(ctx, obj, (HPy_ssize_t)index, &item)) {
        return item;
    }
    return HPy_GetItem(ctx, obj, key);
}

static inline int hpystate_List_Append(HPyContext* ctx, HPy list, HPy item) {
    if (hpystate_is_known(ctx) && list._i != 0 && item._i != 0 &&
        hpystate_is_exact(list, ctx->h_ListType)) {
        hpystate_word* const words = (hpystate_word*)list._i;
        const hpystate_word length = words[2];
        /* While a list is sorted, it has no items, and room for -1. */
        if (__builtin_expect(length < words[4], 1)) {
            hpystate_take(item);
            hpystate_list_items(list._i)[length] = item._i;
            words[2] = length + 1;
            return 0;
        }
    }
    return HPyList_Append(ctx, list, item);
}

/* ---- builders ---- */

/* Sets an item that was not set before. `items` are those of the builder's object. 0: ask the
 * context. */
static inline int hpystate_build(hpystate_word object, hpystate_word* items, HPy_ssize_t index,
                                 HPy item) {
    if ((size_t)index >= (size_t)((const hpystate_word*)object)[2] || items[index] != 0 ||
        item._i == 0) {
        return 0;
    }
    hpystate_take(item);
    items[index] = item._i;
    return 1;
}

static inline void hpystate_ListBuilder_Set(HPyContext* ctx, HPyListBuilder builder,
                                            HPy_ssize_t index, HPy item) {
    const hpystate_word list = builder._lst;
    if (hpystate_is_known(ctx) && (size_t)list > 1 &&
        __builtin_expect(hpystate_build(list, hpystate_list_items(list), index, item), 1)) {
        return;
    }
    HPyListBuilder_Set(ctx, builder, index, item);
}

static inline void hpystate_TupleBuilder_Set(HPyContext* ctx, HPyTupleBuilder builder,
                                             HPy_ssize_t index, HPy item) {
    const hpystate_word tuple = builder._tup;
    if (hpystate_is_known(ctx) && (size_t)tuple > 1 &&
        __builtin_expect(hpystate_build(tuple, hpystate_tuple_items(tuple), index, item), 1)) {
        return;
    }
    HPyTupleBuilder_Set(ctx, builder, index, item);
}

#ifdef __cplusplus
}
#endif

#endif /* !HPY_ABI_CPYTHON */
