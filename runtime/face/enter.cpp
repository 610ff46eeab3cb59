/// runtime/face/enter.cpp: how the runtime makes an interpreter ready for hpystate/global.h: as for
/// HPy modules, so both share a region. hpystate::embed has runtime/embed/ in this file's place.
#include <Python.h>

#include "runtime/face/here.h"
#include "runtime/versions/v0_9/contexts.h"

namespace hpystate::face {

Region* enter_interpreter() noexcept {
    return context::enter_interpreter();
}

} // namespace hpystate::face
