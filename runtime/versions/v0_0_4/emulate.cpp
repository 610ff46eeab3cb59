/// runtime/versions/v0_0_4/emulate.cpp: what 0.9 removed or changed, by means of what it has.
#include "runtime/versions/v0_0_4/emulate.h"

#include "runtime/calls/handle.h"
#include "runtime/context/head.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/types/type.h"
#include "runtime/versions/around/adapter.h"
#include "runtime/versions/v0_0_4/describe.h"

#include <cstdint>
#include <vector>

namespace hpystate::v0_0_4 {

using around::behind;
using around::region_behind;

static_assert(sizeof(long) == sizeof(std::int64_t) && sizeof(long long) == sizeof(std::int64_t));

// ---- numbers ----

HPy Emulated::Long_FromLong(HPyContext* context, long value) noexcept {
    return behind(context)->ctx_Long_FromInt64_t(behind(context), value);
}

HPy Emulated::Long_FromUnsignedLong(HPyContext* context, unsigned long value) noexcept {
    return behind(context)->ctx_Long_FromUInt64_t(behind(context), value);
}

HPy Emulated::Long_FromLongLong(HPyContext* context, long long value) noexcept {
    return behind(context)->ctx_Long_FromInt64_t(behind(context), value);
}

HPy Emulated::Long_FromUnsignedLongLong(HPyContext* context, unsigned long long value) noexcept {
    return behind(context)->ctx_Long_FromUInt64_t(behind(context), value);
}

long Emulated::Long_AsLong(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsInt64_t(behind(context), h);
}

unsigned long Emulated::Long_AsUnsignedLong(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsUInt64_t(behind(context), h);
}

unsigned long Emulated::Long_AsUnsignedLongMask(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsUInt64_tMask(behind(context), h);
}

long long Emulated::Long_AsLongLong(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsInt64_t(behind(context), h);
}

unsigned long long Emulated::Long_AsUnsignedLongLong(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsUInt64_t(behind(context), h);
}

unsigned long long Emulated::Long_AsUnsignedLongLongMask(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_Long_AsUInt64_tMask(behind(context), h);
}

HPy Emulated::Bool_FromLong(HPyContext* context, long value) noexcept {
    return behind(context)->ctx_Bool_FromBool(behind(context), value != 0);
}

// ---- memory ----

char* Emulated::Bytes_AsString(HPyContext* context, HPy h) noexcept {
    return const_cast<char*>(behind(context)->ctx_Bytes_AsString(behind(context), h));
}

char* Emulated::Bytes_AS_STRING(HPyContext* context, HPy h) noexcept {
    return const_cast<char*>(behind(context)->ctx_Bytes_AS_STRING(behind(context), h));
}

void* Emulated::AsStruct(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_AsStruct_Object(behind(context), h);
}

void* Emulated::AsStructLegacy(HPyContext* context, HPy h) noexcept {
    return behind(context)->ctx_AsStruct_Legacy(behind(context), h);
}

// ---- globals ----

namespace {

/// The plain context behind one of debug mode; any other context itself.
[[nodiscard]] ::HPyContext* without_debug(::HPyContext* trunk) noexcept {
    const ContextHead* const head = context::head_of(trunk);
    const bool debug = head != nullptr && head->kind == ContextKind::kDebug;
    return debug ? &region_behind(trunk).context() : trunk;
}

} // namespace

void Emulated::Global_Store(HPyContext* context, HPyGlobal* global, HPy h) noexcept {
    ::HPyContext* const trunk = behind(context);
    ::HPyContext* const stores = without_debug(trunk);
    if (stores == trunk || h._i == 0) return stores->ctx_Global_Store(stores, global, h);
    const Ref object(reinterpret_cast<PyObject*>(trunk->ctx_AsPyObject(trunk, h)));
    if (object) stores->ctx_Global_Store(stores, global, as_handle(object.get()));
}

HPy Emulated::Global_Load(HPyContext* context, HPyGlobal global) noexcept {
    ::HPyContext* const trunk = behind(context);
    ::HPyContext* const loads = without_debug(trunk);
    const HPy found = loads->ctx_Global_Load(loads, global);
    if (loads == trunk || found._i == 0) return found;
    const Ref object(as_object(found));
    return trunk->ctx_FromPyObject(trunk, reinterpret_cast<cpy_PyObject*>(object.get()));
}

// ---- types ----

namespace {

/// The parameters, with objects in place of handles of the context; `owned` holds them. Stops
/// before a parameter of an unknown kind, whose handle may be anything. False: an exception is set.
[[nodiscard]] bool read_parameters(HPyContext* context, const HPyType_Spec& spec,
                                   const HPyType_SpecParam* params, std::vector<Ref>& owned,
                                   std::vector<ParameterDescription>& parameters) {
    ::HPyContext* const trunk = behind(context);
    for (; params != nullptr && params->kind != 0; ++params) {
        const auto kind = static_cast<ParameterKind>(params->kind);
        if (kind != ParameterKind::kBase && kind != ParameterKind::kBasesTuple) {
            PyErr_Format(PyExc_TypeError,
                         "unknown HPyType_SpecParam specification for '%s': its kind is %d; "
                         "HPyType_SpecParam_Base or HPyType_SpecParam_BasesTuple was expected.",
                         spec.name != nullptr ? spec.name : "(no name)",
                         static_cast<int>(params->kind));
            return false;
        }
        PyObject* object = nullptr;
        if (params->object._i != 0) {
            object = reinterpret_cast<PyObject*>(trunk->ctx_AsPyObject(trunk, params->object));
            if (object == nullptr) return false;
            owned.emplace_back(object);
        }
        parameters.push_back({kind, object});
    }
    return true;
}

[[nodiscard]] PyObject* make_type_of(HPyContext* context, const HPyType_Spec& spec,
                                     const HPyType_SpecParam* params) {
    if (spec.legacy_slots != nullptr && spec.legacy == 0) {
        PyErr_SetString(PyExc_TypeError,
                        "cannot specify .legacy_slots without setting .legacy=true");
        return nullptr;
    }
    std::vector<Ref> owned;
    TypeDescription wanted = describe_type(spec);
    if (!read_parameters(context, spec, params, owned, wanted.parameters)) return nullptr;
    return make_type(
        wanted, Site{false, around::layer_of(context), &region_behind(behind(context)).context()});
}

} // namespace

HPy Emulated::Type_FromSpec(HPyContext* context, HPyType_Spec* spec,
                            HPyType_SpecParam* params) noexcept {
    ::HPyContext* const trunk = behind(context);
    if (spec == nullptr) {
        PyErr_SetString(PyExc_SystemError, "HPyType_FromSpec: the spec is NULL.");
        return HPy{0};
    }
    const Ref type(
        guarded<PyObject*>(nullptr, [=] { return make_type_of(context, *spec, params); }));
    if (!type) return HPy{0};
    return trunk->ctx_FromPyObject(trunk, reinterpret_cast<cpy_PyObject*>(type.get()));
}

} // namespace hpystate::v0_0_4
