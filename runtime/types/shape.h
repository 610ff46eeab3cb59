/// runtime/types/shape.h: where the struct of a type is in its instances, for each builtin shape.
///
///     Legacy   [header + fields: the struct includes them    ]   at the object itself
///     Object   [header][struct                               ]   at a constant offset
///     List ... [the builtin type's layout][struct            ]   at a constant offset
///     Long     [header, size, digits ...][struct             ]   behind the last digit
///     Tuple    [header, size, items ...][struct              ]   behind the last item
///
/// Instances of the last two have their items inline, as many as they need, so the place of the
/// struct depends on the instance. A constant offset would be inside the items.
#pragma once

#include <Python.h>

#include <hpy/define.h>

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace hpystate {

using Shape = HPyType_BuiltinShape;

inline constexpr std::size_t kStructAlign = alignof(std::max_align_t);

[[nodiscard]] constexpr std::size_t align_up(std::size_t size, std::size_t to) noexcept {
    return (size + to - 1) / to * to;
}

/// Whether the instances of a shape's builtin type have their items inline.
[[nodiscard]] constexpr bool has_inline_items(Shape shape) noexcept {
    return shape == HPyType_BuiltinShape_Long || shape == HPyType_BuiltinShape_Tuple;
}

/// Where a struct starts behind an instance of a builtin type. Instances of `type` are heap types.
template <typename Instance>
[[nodiscard]] constexpr std::size_t offset_behind() noexcept {
    using Whole =
        std::conditional_t<std::is_same_v<Instance, PyTypeObject>, PyHeapTypeObject, Instance>;
    return align_up(sizeof(Whole), kStructAlign);
}

/// The offset of the struct, for a shape without inline items.
[[nodiscard]] constexpr std::size_t fixed_offset(Shape shape) noexcept {
    switch (shape) {
    case HPyType_BuiltinShape_Legacy:
        return 0;
#define HPY_SHAPE_OF_TYPE(name, value)                                                             \
    case HPyType_BuiltinShape_##name:                                                              \
        return offset_behind<Py##name##Object>();
#include <hpy/abi/shapes.def>
    default: // Object
        return align_up(sizeof(PyObject), kStructAlign);
    }
}

/// How many digits an int has room for: at least one.
[[nodiscard]] inline std::size_t digits_of(PyObject* object) noexcept {
    // Below the count are three bits for the sign and CPython's own use.
    const std::size_t count = reinterpret_cast<PyLongObject*>(object)->long_value.lv_tag >> 3U;
    return count != 0 ? count : 1;
}

/// Where the struct of an int of one digit is, and of 0.
[[nodiscard]] constexpr std::size_t offset_behind_digit() noexcept {
    return align_up(offsetof(PyLongObject, long_value.ob_digit) + sizeof(digit), kStructAlign);
}

/// How many bytes CPython allocates for such an int: for one item more than there are, and whole
/// words.
[[nodiscard]] constexpr std::size_t bytes_with_digit(std::size_t basicsize) noexcept {
    return align_up(basicsize + 2 * sizeof(digit), sizeof(void*));
}

/// The struct of an instance of a type of that shape.
template <Shape S>
[[nodiscard]] inline void* struct_of(PyObject* object) noexcept {
    auto* const start = reinterpret_cast<char*>(object);
    if constexpr (S == HPyType_BuiltinShape_Long) {
        constexpr std::size_t kHead = offsetof(PyLongObject, long_value.ob_digit);
        return start + align_up(kHead + digits_of(object) * sizeof(digit), kStructAlign);
    } else if constexpr (S == HPyType_BuiltinShape_Tuple) {
        const auto items = static_cast<std::size_t>(Py_SIZE(object));
        return start +
               align_up(offsetof(PyTupleObject, ob_item) + items * sizeof(PyObject*), kStructAlign);
    } else {
        return start + fixed_offset(S);
    }
}

/// The same where the shape is known at run time only.
[[nodiscard]] void* struct_of_other(PyObject* object, Shape shape) noexcept;

[[nodiscard]] inline void* struct_of(PyObject* object, Shape shape) noexcept {
    if (shape == HPyType_BuiltinShape_Object) [[likely]]
        return struct_of<HPyType_BuiltinShape_Object>(object);
    return struct_of_other(object, shape);
}

/// The tp_basicsize of a type whose struct has `size` bytes; 0 for 0: it is inherited.
[[nodiscard]] std::size_t basicsize_of(Shape shape, std::size_t size) noexcept;

/// The builtin type whose layout a shape extends; nullptr for Legacy and Object, which extend any.
[[nodiscard]] PyTypeObject* builtin_of(Shape shape) noexcept;

/// "Long", for messages.
[[nodiscard]] const char* name_of(Shape shape) noexcept;

inline constexpr Shape kShapes[] = {
#define HPY_SHAPE(name, value) HPyType_BuiltinShape_##name,
#include <hpy/abi/shapes.def>
};
inline constexpr int kShapeCount = static_cast<int>(std::size(kShapes));
static_assert(kShapes[0] == HPyType_BuiltinShape_Legacy &&
                  kShapes[kShapeCount - 1] == HPyType_BuiltinShape_Legacy + kShapeCount - 1,
              "Legacy has the lowest number, and no number is left out");

/// Whether the number is a value of HPyType_BuiltinShape.
[[nodiscard]] constexpr bool is_shape(int number) noexcept {
    return number >= HPyType_BuiltinShape_Legacy &&
           number < HPyType_BuiltinShape_Legacy + kShapeCount;
}

} // namespace hpystate
