/// runtime/types/shape.cpp: the builtin shapes by number.
#include "runtime/types/shape.h"

namespace hpystate {

void* struct_of_other(PyObject* object, Shape shape) noexcept {
    if (shape == HPyType_BuiltinShape_Long) return struct_of<HPyType_BuiltinShape_Long>(object);
    if (shape == HPyType_BuiltinShape_Tuple) return struct_of<HPyType_BuiltinShape_Tuple>(object);
    return reinterpret_cast<char*>(object) + fixed_offset(shape);
}

std::size_t basicsize_of(Shape shape, std::size_t size) noexcept {
    if (size == 0) return 0;
    if (shape == HPyType_BuiltinShape_Legacy) return size; // as in the C API
    // Rounded up to whole words, since in a class derived in Python pointers follow, such as
    // __slots__.
    if (!has_inline_items(shape)) return align_up(fixed_offset(shape) + size, alignof(PyObject*));
    // For any number of items there must be room to align the struct behind them.
    const auto head = static_cast<std::size_t>(builtin_of(shape)->tp_basicsize);
    return align_up(head + kStructAlign + size, alignof(PyObject*));
}

PyTypeObject* builtin_of(Shape shape) noexcept {
    switch (shape) {
#define HPY_SHAPE_OF_TYPE(name, value)                                                             \
    case HPyType_BuiltinShape_##name:                                                              \
        return &Py##name##_Type;
#include <hpy/abi/shapes.def>
    default:
        return nullptr;
    }
}

const char* name_of(Shape shape) noexcept {
    switch (shape) {
#define HPY_SHAPE(name, value)                                                                     \
    case HPyType_BuiltinShape_##name:                                                              \
        return #name;
#include <hpy/abi/shapes.def>
    default: // an extension's number
        return "(unknown)";
    }
}

} // namespace hpystate
