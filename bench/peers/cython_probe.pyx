# cython_probe.pyx: state kept as Cython keeps it, with CYTHON_USE_MODULE_STATE.
# cython: language_level=3

cdef object kept = None

cdef extern from *:
    """
    #define USE(object) __asm__ volatile("" : : "r"(object) : "memory")
    """
    void USE(object value)


def store(value):
    global kept
    kept = value


def load(long n):
    cdef long i
    for i in range(n):
        value = kept
        USE(value)
