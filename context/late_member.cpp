/// context/late_member.cpp: reading and writing a member behind an instance's items.
#include "context/late_member.h"

#include "globals/interner.h"

#include <cstring>
#include <string>
#include <utility>

namespace hpystate {

namespace {

/// Interned: equal bytes, so without padding that could differ.
struct LateMember {
    const char* name;
    const char* doc;
    std::intptr_t type;
    std::intptr_t flags;
    Py_ssize_t offset; ///< in the struct
    std::intptr_t shape;
};

/// The member with the offset that it has in this instance.
[[nodiscard]] PyMemberDef member_of(PyObject* self, const LateMember& late) noexcept {
    const char* const data =
        static_cast<const char*>(struct_of(self, static_cast<Shape>(late.shape)));
    const Py_ssize_t start = data - reinterpret_cast<const char*>(self);
    return {late.name, static_cast<int>(late.type), start + late.offset,
            static_cast<int>(late.flags), late.doc};
}

PyObject* get(PyObject* self, void* closure) {
    PyMemberDef member = member_of(self, *static_cast<const LateMember*>(closure));
    return PyMember_GetOne(reinterpret_cast<const char*>(self), &member);
}

int set(PyObject* self, PyObject* value, void* closure) {
    PyMemberDef member = member_of(self, *static_cast<const LateMember*>(closure));
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
