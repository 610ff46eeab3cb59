/// runtime/context/import.cpp: importing a module by name.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

HPy ctx_Import_ImportModule(HPyContext*, const char* utf8_name) noexcept {
    if (!require_pointer(utf8_name, "HPyImport_ImportModule", "utf8_name")) return kNullHandle;
    return as_handle(PyImport_ImportModule(utf8_name));
}

} // namespace hpystate::context
