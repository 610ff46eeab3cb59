/// runtime/context/number.cpp: arithmetic. Each function is the number protocol's of the same name.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

int ctx_Number_Check(HPyContext*, HPy h) noexcept {
    return PyNumber_Check(as_object(h));
}

HPy ctx_Add(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Add(as_object(h1), as_object(h2)));
}

HPy ctx_Subtract(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Subtract(as_object(h1), as_object(h2)));
}

HPy ctx_Multiply(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Multiply(as_object(h1), as_object(h2)));
}

HPy ctx_MatrixMultiply(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_MatrixMultiply(as_object(h1), as_object(h2)));
}

HPy ctx_FloorDivide(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_FloorDivide(as_object(h1), as_object(h2)));
}

HPy ctx_TrueDivide(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_TrueDivide(as_object(h1), as_object(h2)));
}

HPy ctx_Remainder(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Remainder(as_object(h1), as_object(h2)));
}

HPy ctx_Divmod(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Divmod(as_object(h1), as_object(h2)));
}

HPy ctx_Power(HPyContext*, HPy h1, HPy h2, HPy h3) noexcept {
    return as_handle(PyNumber_Power(as_object(h1), as_object(h2), as_object(h3)));
}

HPy ctx_Negative(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Negative(as_object(h1)));
}

HPy ctx_Positive(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Positive(as_object(h1)));
}

HPy ctx_Absolute(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Absolute(as_object(h1)));
}

HPy ctx_Invert(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Invert(as_object(h1)));
}

HPy ctx_Lshift(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Lshift(as_object(h1), as_object(h2)));
}

HPy ctx_Rshift(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Rshift(as_object(h1), as_object(h2)));
}

HPy ctx_And(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_And(as_object(h1), as_object(h2)));
}

HPy ctx_Xor(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Xor(as_object(h1), as_object(h2)));
}

HPy ctx_Or(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_Or(as_object(h1), as_object(h2)));
}

HPy ctx_Index(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Index(as_object(h1)));
}

HPy ctx_Long(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Long(as_object(h1)));
}

HPy ctx_Float(HPyContext*, HPy h1) noexcept {
    return as_handle(PyNumber_Float(as_object(h1)));
}

// ---- in place ----

HPy ctx_InPlaceAdd(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceAdd(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceSubtract(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceSubtract(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceMultiply(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceMultiply(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceMatrixMultiply(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceMatrixMultiply(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceFloorDivide(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceFloorDivide(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceTrueDivide(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceTrueDivide(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceRemainder(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceRemainder(as_object(h1), as_object(h2)));
}

HPy ctx_InPlacePower(HPyContext*, HPy h1, HPy h2, HPy h3) noexcept {
    return as_handle(PyNumber_InPlacePower(as_object(h1), as_object(h2), as_object(h3)));
}

HPy ctx_InPlaceLshift(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceLshift(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceRshift(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceRshift(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceAnd(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceAnd(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceXor(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceXor(as_object(h1), as_object(h2)));
}

HPy ctx_InPlaceOr(HPyContext*, HPy h1, HPy h2) noexcept {
    return as_handle(PyNumber_InPlaceOr(as_object(h1), as_object(h2)));
}

} // namespace hpystate::context
