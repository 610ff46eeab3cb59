/// runtime/layers/debug/field.cpp: a store to a field, and types whose fields are not visited.
///
/// Whether a type's HPy_tp_traverse visits the field that is stored to is not checked: one that
/// counts its fields may count this one only after the store.
#include "runtime/calls/handle.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"
#include "runtime/types/record.h"

#include <string>

namespace hpystate::layers {

namespace {

/// The HPy type of an instance if neither it nor a base visits fields. nullptr if one does, or if
/// code of the C API may: a type with a legacy tp_traverse or tp_dealloc, or a type that is not
/// HPy's.
[[nodiscard]] const PyTypeObject* type_without_visits(const PyTypeObject* type) noexcept {
    while (type != nullptr && !is_from_spec(type))
        type = type->tp_base; // classes made in Python have no fields of their own
    if (type == nullptr) return nullptr;
    const TypeRecord* record = own_record_of(type);
    if (record == nullptr) return nullptr; // a legacy tp_dealloc
    for (; record != nullptr; record = record->base) {
        if (record->traverse != nullptr || record->opaque != 0) return nullptr;
    }
    return type;
}

/// An object is stored to a field of `target`, which may be null or not an HPy object. Reports a
/// type that visits no field: HPy has no other list of a type's fields, so the object would never
/// be released.
void check_field(const Call& call, const PyObject* target) noexcept {
    const PyTypeObject* const type =
        target != nullptr ? type_without_visits(Py_TYPE(target)) : nullptr;
    if (type == nullptr) return;
    call.state().report(
        Misuse::kField,
        [&] {
            return "HPyField_Store in interpreter " + std::to_string(call.state().interpreter_id) +
                   ": the type '" + type->tp_name +
                   "' has no HPy_tp_traverse, so no code visits the field and its object is never "
                   "released. Give the type an HPy_tp_traverse that calls HPy_VISIT for each "
                   "HPyField, and HPy_TPFLAGS_HAVE_GC.";
        },
        nullptr);
}

} // namespace

void own_Field_Store(HPyContext* context, HPy target_object, HPyField* target_field,
                     HPy h) noexcept {
    const Call call(context, ContextFunction::Field_Store);
    PyObject* const target = call.object(target_object);
    PyObject* const object = call.object(h);
    if (object != nullptr) check_field(call, target);
    call.plain()->ctx_Field_Store(call.plain(), as_handle(target), target_field, as_handle(object));
}

} // namespace hpystate::layers
