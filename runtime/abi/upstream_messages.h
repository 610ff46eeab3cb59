/// runtime/abi/upstream_messages.h: the messages that HPy's own tests compare, so their texts must
/// not change.
#pragma once

namespace hpystate::upstream {

inline constexpr char kUnsupportedSignature[] = "Unsupported HPyMeth signature";
inline constexpr char kNewNeedsType[] = "HPy_New arg 1 must be a type";
inline constexpr char kGenericNewNeedsType[] = "HPy_Type_GenericNew arg 1 must be a type";
inline constexpr char kLegacySlotsOfPureType[] =
    "cannot specify .legacy_slots without setting .builtin_shape=HPyType_BuiltinShape_Legacy";
inline constexpr char kLegacyDealloc[] =
    "legacy tp_dealloc is incompatible with HPy_tp_traverse or HPy_tp_destroy.";
inline constexpr char kLegacyFromPure[] =
    "A legacy type should not inherit its memory layout from a pure type";
inline constexpr char kNullBytes[] = "NULL char * passed to HPyBytes_FromStringAndSize";
inline constexpr char kClosedHandle[] = "Invalid usage of already closed handle";
inline constexpr char kClosedBuilder[] = "Invalid usage of already closed builder";
inline constexpr char kTypeCheckNeedsType[] = "HPy_TypeCheck arg 2 must be a type";
inline constexpr char kGetNameNeedsType[] = "HPyType_GetName arg must be a type";
inline constexpr char kIsSubtypeNeedsType1[] = "HPyType_IsSubtype arg 1 must be a type";
inline constexpr char kIsSubtypeNeedsType2[] = "HPyType_IsSubtype arg 2 must be a type";
inline constexpr char kSubstringNeedsStr[] = "HPyUnicode_Substring arg 1 must be a Unicode object";
inline constexpr char kCallWithItems[] = "Cannot use HPy call protocol with var objects";
inline constexpr char kCallNames[] = "HPy_Call arg 'kwnames' must be a tuple object or HPy_NULL";
inline constexpr char kCallMethodNames[] =
    "HPy_CallMethod arg 'kwnames' must be a tuple object or HPy_NULL";
inline constexpr char kCreateReturnedModule[] =
    "HPy_mod_create slot returned a builtin module object. This is currently not supported.";
inline constexpr char kCreateWithOthers[] = "HPyModuleDef defines a HPy_mod_create slot";

} // namespace hpystate::upstream
