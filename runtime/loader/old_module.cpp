/// runtime/loader/old_module.cpp: HPyInit_<mod> of HPy 0.0.4, and HPyModule_Create.
#include "runtime/loader/old_module.h"

#include "globals/check.h"
#include "runtime/calls/handle.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/elf/origin.h"
#include "runtime/elf/symbol_name.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/module.h"
#include "runtime/versions/v0_0_4/contexts.h"
#include "runtime/versions/v0_0_4/describe.h"
#include "runtime/versions/v0_0_4/emulate.h"
#include "runtime/versions/v0_9/contexts.h"

#include <string>
#include <utility>

namespace hpystate {

namespace {

/// Who wants a module while its HPyInit_<mod> runs. On the stack of create_old().
struct Maker {
    const InspectedFile& file;
    const Region& region;
    std::optional<Interpreters> where;
    std::optional<LoadError> refused{}; ///< why HPyModule_Create failed last
    Maker* outer = nullptr;             ///< of this thread
};

/// The innermost maker of this thread.
constinit thread_local Maker* makers = nullptr;

/// Notes a maker as long as this lives. Others of the thread may end in any order, where it
/// switches stacks.
class Noted {
  public:
    explicit Noted(Maker& maker) noexcept : maker_(maker) {
        maker_.outer = std::exchange(makers, &maker_);
    }
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    ~Noted() {
        Maker** at = &makers;
        while (*at != nullptr && *at != &maker_)
            at = &(*at)->outer;
        HPYSTATE_CHECK(*at == &maker_); // on the thread that noted it
        if (*at != nullptr) *at = maker_.outer;
    }

  private:
    Maker& maker_;
};

/// The maker that the module of a definition belongs to; nullptr: there is none. Throws
/// std::bad_alloc.
[[nodiscard]] Maker* maker_of(const Region& region, const v0_0_4::HPyModuleDef* definition) {
    const std::string file = name_of_address(definition).file;
    for (Maker* maker = makers; maker != nullptr; maker = maker->outer) {
        if (&maker->region != &region) continue;
        const auto* const init = reinterpret_cast<const void*>(maker->file.old_init);
        if (name_of_address(init).file == file) return maker;
    }
    return nullptr;
}

/// The name of the module as CPython resolves it for a module of the C API: the dotted one, where
/// its last part is the definition's name.
[[nodiscard]] std::string name_for(const char* defined, const Maker* maker) {
    if (maker == nullptr) return defined;
    const std::string& wanted = maker->file.name;
    const std::size_t dot = wanted.rfind('.');
    const bool same =
        wanted.compare(dot == std::string::npos ? 0 : dot + 1, std::string::npos, defined) == 0;
    return same ? wanted : defined;
}

/// What CPython reads the module's name from. A module object, since any object with an attribute
/// `name` will do, and this one needs no import.
[[nodiscard]] Ref spec_with_name(const std::string& name) {
    Ref spec(PyModule_New("hpystate.spec"));
    if (!spec || PyModule_AddStringConstant(spec.get(), "name", name.c_str()) < 0) return Ref();
    return spec;
}

/// A new reference; nullptr with an exception set. Throws as create_module().
[[nodiscard]] PyObject* make_module(v0_0_4::HPyContext* context,
                                    const v0_0_4::HPyModuleDef& definition, Maker* maker) {
    const ModuleDescription wanted = v0_0_4::describe_module(definition);
    const std::string name = name_for(definition.name, maker);
    const Ref spec = spec_with_name(name);
    if (!spec) return nullptr;
    const std::string path =
        maker != nullptr ? maker->file.path : name_of_address(&definition).file;
    // A file that uses the C API may have objects in its statics. A module that is made later
    // belongs to a file that was let in.
    const bool hybrid = maker != nullptr && maker->file.hybrid;
    const Interpreters assumed = hybrid ? Interpreters::kSharedGil : Interpreters::kOwnGil;
    const Interpreters where =
        maker != nullptr ? maker->where.value_or(assumed) : Interpreters::kOwnGil;
    Ref module(create_module(wanted, {name, path, spec.get(), where, around::layer_of(context)}));
    if (!module || !execute_module(module.get())) return nullptr;
    return module.release();
}

/// The same. A LoadError is noted for create_old(), and becomes an ImportError: it may not leave
/// through the functions of the file.
[[nodiscard]] PyObject* make_module_or_note(v0_0_4::HPyContext* context,
                                            const v0_0_4::HPyModuleDef& definition) {
    Region& region = around::region_behind(around::behind(context));
    Maker* const maker = maker_of(region, &definition);
    try {
        return make_module(context, definition, maker);
    } catch (const LoadError& error) {
        PyErr_SetString(PyExc_ImportError, error.what());
        if (maker != nullptr) maker->refused = error;
        return nullptr;
    }
}

/// The module where HPyInit_<mod> returned none: throws the reason.
[[noreturn]] void raise_no_module(const InspectedFile& file, const Maker& maker,
                                  const std::string& symbol) {
    if (maker.refused && PyErr_ExceptionMatches(PyExc_ImportError) != 0) {
        PyErr_Clear();
        throw LoadError(*maker.refused);
    }
    if (PyErr_Occurred() != nullptr) throw AlreadyRaised();
    throw LoadError(LoadErrorKind::kInitNull,
                    file.path + ": the function " + symbol +
                        " returned HPy_NULL without an exception; a module was expected. Return "
                        "what HPyModule_Create returned, or set an exception.",
                    {{"symbol", symbol}});
}

/// False: an exception is set.
[[nodiscard]] bool set_name(PyObject* module, const std::string& name) {
    return PyModule_Check(module) == 0 ||
           PyModule_AddStringConstant(module, "__name__", name.c_str()) == 0;
}

} // namespace

PyObject* create_old(const InspectedFile& file, const Layer* mode,
                     std::optional<Interpreters> where) {
    const std::string symbol = "HPyInit_" + file.short_name;
    Region* const region = context::enter_interpreter();
    if (region == nullptr) return nullptr;
    const Layer& layer = v0_0_4::Layers::in(mode);
    HPyContext* const context = layer.enter(&region->context());
    if (context == nullptr) return nullptr;
    Maker maker{file, *region, where};
    Ref module;
    {
        const Noted noted(maker);
        const HPy made = call_file(file.old_init, v0_0_4::as_old(context));
        if (made._i != 0) module = Ref(layer.take(context, made));
    }
    layer.leave(context);
    if (!module) raise_no_module(file, maker, symbol);
    check_no_exception(file.path, symbol);
    return set_name(module.get(), file.name) ? module.release() : nullptr;
}

HPy v0_0_4::Emulated::Module_Create(HPyContext* context, HPyModuleDef* definition) noexcept {
    if (definition == nullptr || definition->name == nullptr) {
        PyErr_Format(PyExc_SystemError, "HPyModule_Create: the %s is NULL.",
                     definition == nullptr ? "definition" : "name in the definition");
        return HPy{0};
    }
    const Ref module(
        guarded<PyObject*>(nullptr, [=] { return make_module_or_note(context, *definition); }));
    if (!module) return HPy{0};
    ::HPyContext* const trunk = around::behind(context);
    return trunk->ctx_FromPyObject(trunk, reinterpret_cast<cpy_PyObject*>(module.get()));
}

} // namespace hpystate
