/// runtime/types/type.cpp: checks the description, builds the type, and checks the finished type.
#include "runtime/types/type.h"

#include "runtime/types/build.h"
#include "runtime/types/check.h"
#include "runtime/types/typeflags.h"

namespace hpystate {

PyObject* make_type(const TypeDescription& wanted, Site site) {
    const std::optional<CheckedType> checked = check_type(wanted);
    if (!checked) return nullptr;
    Ref made(build_type(*checked, site));
    auto* const type = reinterpret_cast<PyTypeObject*>(made.get());
    if (type == nullptr || !check_made(wanted, type)) return nullptr;
    set_late_flags(wanted, checked->facts, type);
    return made.release();
}

} // namespace hpystate
