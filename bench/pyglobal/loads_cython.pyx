# loads_cython.pyx: a loop that reads an object which Cython keeps in the state of the module.
# cython: language_level=3, subinterpreters_compatible=own_gil

cdef extern from *:
    """
    #define USE(object) __asm__ volatile("" : : "r"(object) : "memory")
    """
    void USE(object value)


def load(long n):
    cdef long i
    for i in range(n):
        USE("a value")
    return "a value"
