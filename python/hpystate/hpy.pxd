# hpystate/hpy.pxd: calls from Cython to HPy extensions: `cimport hpystate.hpy`.
#
# An HPy extension that lends its C functions puts a struct of them into a capsule. Each takes a
# context and handles. hpystate_context() is the context of the calling interpreter, and an object is
# a handle for as long as HPy_FromPyObject() and HPy_Close() have it. docs/cython.md has an example.
#
# An exception that such a function sets is Python's own: declare it as `except -1` or the like.
from cpython.ref cimport PyObject

from hpystate cimport hpystate_global

cdef extern from *:
    """
    #ifndef HPY_ABI_HYBRID
    #define HPY_ABI_HYBRID
    #endif
    #include <hpy.h>
    #include <hpystate/global.h>
    """
    ctypedef struct HPyContext:
        pass
    ctypedef struct HPy:
        pass
    ctypedef struct HPyGlobal:
        pass

    # A plain context of HPy 0.9, borrowed; SystemError before hpystate_import().
    HPyContext *hpystate_context() except NULL

    HPy HPy_FromPyObject(HPyContext *ctx, object value)
    object HPy_AsPyObject(HPyContext *ctx, HPy handle)
    HPy HPy_Dup(HPyContext *ctx, HPy handle)
    void HPy_Close(HPyContext *ctx, HPy handle)
    bint HPy_IsNull(HPy handle)


cdef inline hpystate_global *slot(HPyGlobal *shared) noexcept:
    """The same slot for the functions of `cimport hpystate`: an HPyGlobal that its module lists has
    the same tables, and the same lifetime."""
    return <hpystate_global *>shared
