# cython: language_level=3, subinterpreters_compatible=own_gil
"""counter.pyx: a Cython module with one state per interpreter.

Cython keeps strings, constants and its own types per interpreter where the C compiler gets the two
macros of hpystate.build_cython. Module variables in C (`cdef object cache`, `cdef long total`) are
plain statics all the same: with own-GIL interpreters they are shared, and objects in them crash.
Here they are slots of hpystate: a list that every interpreter has for itself, an imported function
that is looked up once, and a C struct.

    python examples/cython_counter/run.py      builds it and uses it in eight interpreters at once
"""
cimport hpystate
from hpystate cimport hpystate_global, hpystate_pointer
from libc.stdlib cimport calloc, free

cdef extern from *:
    """
    typedef struct {
        long made;
        long sum;
    } counts_t;

    static hpystate_global seen;    /* a list: the counters that were made, by name */
    static hpystate_global as_hsv;  /* colorsys.rgb_to_hsv, imported at its first use */
    static hpystate_pointer counts; /* a counts_t of the heap */
    """
    ctypedef struct counts_t:
        long made
        long sum
    hpystate_global seen
    hpystate_global as_hsv
    hpystate_pointer counts


cdef void *make_counts(void *arg) except? NULL:
    return calloc(1, sizeof(counts_t))  # NULL is a MemoryError


cdef void free_counts(void *pointer) noexcept:
    free(pointer)


cdef counts_t *own_counts() except NULL:
    return <counts_t *>hpystate.hpystate_pointer_get_or_init(&counts, make_counts, NULL, free_counts)


cdef class Counter:
    """Counts for one name. All counters of an interpreter share its totals."""
    cdef readonly str name
    cdef readonly long value

    def __init__(self, str name):
        self.name = name
        own_counts().made += 1
        hpystate.load(&seen).append(name)

    def up(self, long step=1):
        """Adds `step`, and returns the new value."""
        self.value += step
        own_counts().sum += step
        return self.value


def totals():
    """Returns this interpreter's counters: (how many were made, the sum of all steps, their names)."""
    cdef counts_t *own = own_counts()
    return own.made, own.sum, list(hpystate.load(&seen))


def hsv(r, g, b):
    """Returns a colour as hue, saturation, value, by a function of the standard library."""
    return hpystate.hpystate_global_import(&as_hsv, "colorsys", "rgb_to_hsv")(r, g, b)


hpystate.hpystate_import()  # once in each interpreter: a module's body runs in each
hpystate.hpystate_global_store(&seen, [])
