/// runtime/types/late_member.cpp: reads and writes a member after finding the struct.
#include "runtime/types/late_member.h"

#include "globals/interner.h"
#include "runtime/types/field.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace hpystate {

namespace {

/// Interned by its bytes, so it has no padding.
struct LateMember {
    const char* name;
    const char* doc;
    std::intptr_t type;
    std::intptr_t flags;
    Py_ssize_t offset; ///< from the start of the struct
    std::intptr_t shape;
};

/// CPython's member, with the offset that it has in this instance.
[[nodiscard]] PyMemberDef member_of(PyObject* self, const LateMember& late) noexcept {
    const char* const data =
        static_cast<const char*>(struct_of(self, static_cast<Shape>(late.shape)));
    const Py_ssize_t start = data - reinterpret_cast<const char*>(self);
    return {late.name, static_cast<int>(late.type), start + late.offset,
            static_cast<int>(late.flags), late.doc};
}

[[nodiscard]] bool is_field(const PyMemberDef& member) noexcept {
    return kNoGil && (member.type == T_OBJECT || member.type == T_OBJECT_EX);
}

[[nodiscard]] HPyField* field_at(PyObject* self, const PyMemberDef& member) noexcept {
    return reinterpret_cast<HPyField*>(reinterpret_cast<char*>(self) + member.offset);
}

void set_missing(PyObject* self, const PyMemberDef& member) noexcept {
    PyErr_Format(PyExc_AttributeError, "'%.200s' object has no attribute '%s'",
                 Py_TYPE(self)->tp_name, member.name);
}

PyObject* get_field(PyObject* self, const PyMemberDef& member) {
    PyObject* const object = load_field(self, field_at(self, member));
    if (object != nullptr) return object;
    if (member.type == T_OBJECT) return Py_NewRef(Py_None);
    set_missing(self, member);
    return nullptr;
}

int set_field(PyObject* self, const PyMemberDef& member, PyObject* value) {
    PyObject* old = nullptr;
    if (!store_field(self, field_at(self, member), value, old)) return -1;
    if (value == nullptr && old == nullptr && member.type == T_OBJECT_EX) {
        set_missing(self, member);
        return -1;
    }
    Py_XDECREF(old);
    return 0;
}

PyObject* get(PyObject* self, void* closure) {
    PyMemberDef member = member_of(self, *static_cast<const LateMember*>(closure));
    if (is_field(member)) return get_field(self, member);
    return PyMember_GetOne(reinterpret_cast<const char*>(self), &member);
}

int set(PyObject* self, PyObject* value, void* closure) {
    PyMemberDef member = member_of(self, *static_cast<const LateMember*>(closure));
    if (is_field(member) && (member.flags & Py_READONLY) == 0) {
        return set_field(self, member, value);
    }
    return PyMember_SetOne(reinterpret_cast<char*>(self), &member, value);
}

} // namespace

PyGetSetDef late_member(Shape shape, const PyMemberDef& member) {
    const LateMember late{member.name,  member.doc,    member.type,
                          member.flags, member.offset, static_cast<std::intptr_t>(shape)};
    std::string bytes(sizeof(late), '\0');
    std::memcpy(bytes.data(), &late, sizeof(late));
    const void* const closure = interner().intern(std::move(bytes));
    return {member.name, &get, &set, member.doc, const_cast<void*>(closure)};
}

} // namespace hpystate
