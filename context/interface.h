/// context/interface.h: the few messages that HPy's own tests compare: they are interface.
#pragma once

namespace hpystate::interface {

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
inline constexpr char kCreateReturnedModule[] =
    "HPy_mod_create slot returned a builtin module object. This is currently not supported.";
inline constexpr char kCreateWithOthers[] = "HPyModuleDef defines a HPy_mod_create slot";

} // namespace hpystate::interface
