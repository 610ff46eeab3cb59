/// runtime/cpython/object_layout.h: whether inline forms of extensions know how objects look here.
///
/// A file with fused calls has code that counts references and reads types by itself
/// (hpystate/inline_forms.h in include/). CPython does not promise this layout to a file that was
/// not compiled for its version, so a runtime compares it with that of its own CPython.
#pragma once

#include <Python.h>

#include <cstddef>

namespace hpystate {

/// Whether the layout is HPYSTATE_OBJECT_LAYOUT: from 3.12 on, the last version that was looked at
/// is 3.15. Without the GIL references are counted otherwise; builds that count all references of
/// the process must see each.
#if defined(Py_GIL_DISABLED) || defined(Py_REF_DEBUG) || defined(Py_TRACE_REFS) ||                 \
    PY_VERSION_HEX >= 0x03100000
inline constexpr bool kObjectsAreKnown = false;
#else
inline constexpr bool kObjectsAreKnown = true;
static_assert(sizeof(PyObject) == 16 && offsetof(PyObject, ob_refcnt) == 0 &&
              offsetof(PyObject, ob_type) == 8);
static_assert(offsetof(PyTypeObject, tp_flags) == 168 && sizeof(PyTypeObject::tp_flags) == 8 &&
              Py_TPFLAGS_LONG_SUBCLASS == 0x1000000U && Py_TPFLAGS_LIST_SUBCLASS == 0x2000000U &&
              Py_TPFLAGS_TUPLE_SUBCLASS == 0x4000000U && Py_TPFLAGS_BYTES_SUBCLASS == 0x8000000U &&
              Py_TPFLAGS_UNICODE_SUBCLASS == 0x10000000U &&
              Py_TPFLAGS_DICT_SUBCLASS == 0x20000000U && Py_TPFLAGS_TYPE_SUBCLASS == 0x80000000U);
static_assert(offsetof(PyFloatObject, ob_fval) == 16);
static_assert(offsetof(PyLongObject, long_value.lv_tag) == 16 &&
              offsetof(PyLongObject, long_value.ob_digit) == 24 && sizeof(digit) == 4 &&
              PyLong_SHIFT == 30 && _PyLong_NON_SIZE_BITS == 3);
static_assert(_PyLong_SIGN_MASK == 3);
static_assert(offsetof(PyVarObject, ob_size) == 16 && offsetof(PyListObject, ob_item) == 24 &&
              offsetof(PyListObject, allocated) == 32);
#endif

/// From a tuple to its first item: from 3.14 on its hash is before them.
inline constexpr std::size_t kTupleItems = offsetof(PyTupleObject, ob_item);

} // namespace hpystate
