# cython: language_level=3, subinterpreters_compatible=own_gil
"""shop.pyx: a Cython module that calls C functions of an HPy extension, rates.c, and shares its
global with it.

The struct of functions comes by a capsule, which is imported once in each interpreter. Calls need
the HPy context of the interpreter; the shared global needs none.

    python examples/cython_hpy/run.py      builds both, and uses them in eight interpreters at once
"""
import hpystate as _runtime

cimport hpystate
from hpystate cimport hpystate_capsule
from hpystate.hpy cimport (HPy, HPy_Close, HPy_FromPyObject, HPyContext, HPyGlobal,
                           hpystate_context, slot)

cdef extern from *:
    """
    #include "rates.h"
    static hpystate_capsule rates_capsule = HPYSTATE_CAPSULE("rates", "_C_API");
    """
    const int RATES_API_VERSION
    ctypedef struct rates_api:
        int version
        int (*convert)(HPyContext *ctx, HPy currency, double amount, double *price) except -1
        HPyGlobal *table
    hpystate_capsule rates_capsule


cdef const rates_api *rates() except NULL:
    return <const rates_api *>hpystate.hpystate_capsule_get(&rates_capsule)


def set_rate(str currency, double rate):
    """Sets a rate in the table of the HPy extension, in this interpreter."""
    hpystate.load(slot(rates().table))[currency] = rate


def total(str currency, prices):
    """Returns the sum of prices in a currency; each is converted by the HPy extension."""
    cdef const rates_api *api = rates()
    cdef HPyContext *ctx = hpystate_context()
    cdef HPy handle = HPy_FromPyObject(ctx, currency)
    cdef double result = 0, price = 0
    try:
        for amount in prices:
            api.convert(ctx, handle, amount, &price)
            result += price
    finally:
        HPy_Close(ctx, handle)
    return result


_runtime.install()  # so that an import finds rates.hpy0.so, in this interpreter too
hpystate.hpystate_import()
if rates().version != RATES_API_VERSION:
    raise ImportError(f"shop: version {RATES_API_VERSION} of rates._C_API was expected, and "
                      f"{rates().version} was found; install a rates that fits")
