/* hpystate/inline_forms.h: functions of HPy as code of the extension's own. C11, C++17.
 *
 * Included by hpystate/fused.h. A function of the context is a call through a table, which costs
 * more than what the smallest of them do: counting a reference, reading a field or an item. The
 * inline forms do this in the extension's own code, if the context is a plain one of a runtime that
 * has said that its objects have the layout that this code knows. In words of 8 bytes:
 *
 *     object   [int32 count][int32][type]     a handle is the object's address;
 *                                             a negative count is never changed
 *     type     word 21 has the flags
 *     float    [object: 2][double]
 *     int      [object: 2][tag][digit, uint32]...
 *                                             tag: 8 times the number of digits, of 30 bits each;
 *                                             its last two bits: 0 positive, 1 zero, 2 negative
 *     tuple    [object: 2][length]...[items]  `tuple_items` of the link: how many bytes behind the
 *                                             tuple its items begin
 *     list     [object: 2][length][address of the items][for how many there is room]
 *     builder  the address of the tuple or list, whose items are 0 until they are set; 0, 1: none
 *     field    the object's address, which owns a reference; or 0
 *     struct   of an instance of shape Object: 16 bytes behind the object
 *     global   {token, object} in a table of 2^17 entries, `window` of the link before the context
 *
 * All other contexts get the function of HPy's headers, as before: those of debug and
 * trace mode, of another runtime, of a CPython without the GIL. So the file runs on every runtime,
 * and debug mode sees every handle. What is not the usual case is left to the context too: the last
 * reference, HPy_NULL where an object was expected, a global that holds nothing, an index that is
 * out of range, an instance of a subclass, an int of more than one digit. So errors are those of
 * the context.
 *
 * The layout has a number. A runtime whose objects differ leaves `known` of the link as it is
 * (hpystate/fused_link.h). In the CPython ABI only the globals are read here: there HPy's headers
 * have inline forms of all others (hpy/cpython/).
 */
#pragma once

/* clang-format off */
#include "hpystate/inline_handles.h"
#include "hpystate/inline_items.h"
#include "hpystate/inline_numbers.h"
/* clang-format on */

/* ---- from here on HPy's names are these ---- */

/* Macros with arguments: the functions' addresses are still those of HPy's headers. */

#define _HPYSTATE_IS_IMMORTAL(ctx, h)                                                              \
    (_HPYSTATE_IS(h, (ctx)->h_None) || _HPYSTATE_IS(h, (ctx)->h_NotImplemented) ||                 \
     _HPYSTATE_IS(h, (ctx)->h_True) || _HPYSTATE_IS(h, (ctx)->h_False))
#define HPyGlobal_Load(...) hpystate_Global_Load(__VA_ARGS__)
#if !defined(HPY_ABI_CPYTHON)
#define HPy_Dup(ctx, ...) hpystate_Dup(ctx, __VA_ARGS__, _HPYSTATE_IS_IMMORTAL(ctx, (__VA_ARGS__)))
#define HPy_Close(...) hpystate_Close(__VA_ARGS__)
#define HPy_Is(...) hpystate_Is(__VA_ARGS__)
#define HPy_Type(...) hpystate_Type(__VA_ARGS__)
#define HPy_TypeCheck(...) hpystate_TypeCheck(__VA_ARGS__)
#define HPyList_Check(...) hpystate_List_Check(__VA_ARGS__)
#define HPyTuple_Check(...) hpystate_Tuple_Check(__VA_ARGS__)
#define HPyBytes_Check(...) hpystate_Bytes_Check(__VA_ARGS__)
#define HPyUnicode_Check(...) hpystate_Unicode_Check(__VA_ARGS__)
#define HPyDict_Check(...) hpystate_Dict_Check(__VA_ARGS__)
#define _HPy_AsStruct_Object(...) hpystate_AsStruct_Object(__VA_ARGS__)
#define HPyField_Load(...) hpystate_Field_Load(__VA_ARGS__)
#define HPyField_Store(...) hpystate_Field_Store(__VA_ARGS__)

#define HPy_Length(...) hpystate_Length(__VA_ARGS__)
#define HPy_GetItem(...) hpystate_GetItem(__VA_ARGS__)
#define HPy_GetItem_i(...) hpystate_GetItem_i(__VA_ARGS__)
#define HPyList_Append(...) hpystate_List_Append(__VA_ARGS__)
#define HPyListBuilder_Set(...) hpystate_ListBuilder_Set(__VA_ARGS__)
#define HPyTupleBuilder_Set(...) hpystate_TupleBuilder_Set(__VA_ARGS__)

#define HPyFloat_AsDouble(...) hpystate_Float_AsDouble(__VA_ARGS__)
#define HPyLong_AsDouble(...) hpystate_Long_AsDouble(__VA_ARGS__)
#define HPyLong_AsInt32_t(...) hpystate_Long_AsInt32_t(__VA_ARGS__)
#define HPyLong_AsUInt32_t(...) hpystate_Long_AsUInt32_t(__VA_ARGS__)
#define HPyLong_AsUInt32_tMask(...) hpystate_Long_AsUInt32_tMask(__VA_ARGS__)
#define HPyLong_AsInt64_t(...) hpystate_Long_AsInt64_t(__VA_ARGS__)
#define HPyLong_AsUInt64_t(...) hpystate_Long_AsUInt64_t(__VA_ARGS__)
#define HPyLong_AsUInt64_tMask(...) hpystate_Long_AsUInt64_tMask(__VA_ARGS__)
#define HPyLong_AsSize_t(...) hpystate_Long_AsSize_t(__VA_ARGS__)
#define HPyLong_AsSsize_t(...) hpystate_Long_AsSsize_t(__VA_ARGS__)
#define HPyLong_AsLong(...) hpystate_Long_AsLong(__VA_ARGS__)
#define HPyLong_AsUnsignedLong(...) hpystate_Long_AsUnsignedLong(__VA_ARGS__)
#define HPyLong_AsUnsignedLongMask(...) hpystate_Long_AsUnsignedLongMask(__VA_ARGS__)
#define HPyLong_AsLongLong(...) hpystate_Long_AsLongLong(__VA_ARGS__)
#define HPyLong_AsUnsignedLongLong(...) hpystate_Long_AsUnsignedLongLong(__VA_ARGS__)
#define HPyLong_AsUnsignedLongLongMask(...) hpystate_Long_AsUnsignedLongLongMask(__VA_ARGS__)
#endif
