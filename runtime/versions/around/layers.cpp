/// runtime/versions/around/layers.cpp: the interpreter of a call that has no home.
#include "runtime/versions/around/layers.h"

namespace hpystate::around {

HPyContext* home_or_current(HPyContext* home, const char* release) noexcept {
    if (home != nullptr) return home;
    Region* const region = current_region();
    if (region != nullptr) return &region->context();
    PyErr_Format(
        PyExc_SystemError,
        "hpystate: a function of an HPy %s extension was called in an interpreter that did "
        "not import the extension. Import it there, and do not share objects between "
        "interpreters.",
        release);
    return nullptr;
}

} // namespace hpystate::around
