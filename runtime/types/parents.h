/// runtime/types/parents.h: the bases and the metaclass that a description asks for.
#pragma once

#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/types/description.h"

namespace hpystate {

/// The bases and the metaclass that the parameters give. Owned.
struct Parents {
    Ref bases;     ///< tuple of types, or null: object alone
    Ref metaclass; ///< type, or null: the one of the bases
};

/// Reads the parameters, and Py_tp_base and Py_tp_bases among the legacy slots. False: an exception
/// is set, a TypeError if they contradict each other or are not types, a ValueError for two
/// metaclasses. Throws std::bad_alloc.
[[nodiscard]] bool find_parents(const TypeDescription& wanted, Parents& parents);

/// Whether the type's struct, items and builtin shape fit on these bases. False: a TypeError that
/// names the base is set. The numbers of the description were checked.
[[nodiscard]] bool check_bases(const TypeDescription& wanted, PyObject* bases);

} // namespace hpystate
