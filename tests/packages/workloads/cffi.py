"""cffi.py: structs, callbacks into Python, a function of the C library, a wrong type."""

from __future__ import annotations

import cffi

FFI = cffi.FFI()
FFI.cdef(
    """
    typedef struct { int n; double values[4]; } row;
    int abs(int);
    void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
    """
)
C = FFI.dlopen(None)


def work(i: int) -> object:
    row = FFI.new("row *", {"n": i, "values": [1.5, 2.5 * i]})
    numbers = FFI.new("int[]", [7, 3, i, 9, 1])

    @FFI.callback("int(const void *, const void *)")
    def compare(left: object, right: object) -> int:
        return FFI.cast("int *", left)[0] - FFI.cast("int *", right)[0]

    C.qsort(numbers, len(numbers), FFI.sizeof("int"), compare)
    handle = FFI.new_handle(row)
    try:
        FFI.new("int *", "text")
    except TypeError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        row.n,
        list(row.values),
        list(numbers),
        C.abs(-i),
        FFI.from_handle(handle) is row,
        FFI.typeof("row").cname,
        said,
        bytes(FFI.buffer(numbers)[0:8]),
    )
