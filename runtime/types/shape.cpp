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
    if (shape == HPyType_BuiltinShape_Legacy) return size; // as the C API takes it
    // Whole words: behind it CPython puts the attributes of instances of a class made in Python.
    if (!has_inline_items(shape)) return align_up(fixed_offset(shape) + size, alignof(PyObject*));
    // Whatever the number of items: room to align the struct behind them.
    const auto head = static_cast<std::size_t>(builtin_of(shape)->tp_basicsize);
    return align_up(head + kStructAlign + size, alignof(PyObject*));
}

PyTypeObject* builtin_of(Shape shape) noexcept {
    switch (shape) {
    case HPyType_BuiltinShape_Type:
        return &PyType_Type;
    case HPyType_BuiltinShape_Long:
        return &PyLong_Type;
    case HPyType_BuiltinShape_Float:
        return &PyFloat_Type;
    case HPyType_BuiltinShape_Unicode:
        return &PyUnicode_Type;
    case HPyType_BuiltinShape_Tuple:
        return &PyTuple_Type;
    case HPyType_BuiltinShape_List:
        return &PyList_Type;
    case HPyType_BuiltinShape_Dict:
        return &PyDict_Type;
    default:
        return nullptr;
    }
}

const char* name_of(Shape shape) noexcept {
    static constexpr const char* kNames[] = {"Legacy",  "Object", "Type", "Long", "Float",
                                             "Unicode", "Tuple",  "List", "Dict"};
    return is_shape(shape) ? kNames[shape - HPyType_BuiltinShape_Legacy] : "(unknown)";
}

} // namespace hpystate
