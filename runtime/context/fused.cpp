/// runtime/context/fused.cpp: the fused calls of the plain context, and their table.
///
/// fused.def defines each call by HPy's public functions. Most are compiled from that, with an
/// owned reference to the global's object. The hot ones have functions of their own.
#include <Python.h>

#include "runtime/context/fused.h"

#include "runtime/calls/handle.h"
#include "runtime/context/call.h"
#include "runtime/context/first_value.h"
#include "runtime/context/functions.h"
#include "runtime/context/guard.h"
#include "runtime/cpython/ref.h"
#include "runtime/cpython/subtype.h"
#include "runtime/types/instance.h"
#include "runtime/types/shape.h"

// From here on HPy's public functions call this runtime's functions directly, not through the
// context's table.
#undef HPY_FUNCTION
#define HPY_FUNCTION(ctx, name)                                                                    \
    (::hpystate::context::Guard<::hpystate::ContextFunction::name,                                 \
                                &::hpystate::context::ctx_##name>::entry())
#include <hpy/call.h>
#include <hpy/contextvar.h>
#include <hpy/error.h>
#include <hpy/object.h>
#include <hpy/type.h>

namespace hpystate::context {

namespace {

/// The global's object, kept alive while a call uses it. False with a SystemError set: the global
/// holds nothing.
class Held {
  public:
    Held(HPyContext* ctx, HPyGlobal global, Fused fused) noexcept
        : kept_(kept_value(*current_region(ctx), token_of(global))),
          owned_(kept_ == nullptr ? load_value(*current_region(ctx), token_of(global)) : nullptr) {
        if (object() == nullptr) [[unlikely]]
            raise_unset(*current_region(ctx), name_of(fused), token_of(global));
    }

    explicit operator bool() const noexcept { return object() != nullptr; }
    [[nodiscard]] HPy handle() const noexcept { return as_handle(object()); }

  private:
    [[nodiscard]] PyObject* object() const noexcept {
        return kNoGil && kept_ != nullptr ? kept_ : owned_.get();
    }

    PyObject* kept_; ///< always null with the GIL
    Ref owned_;      ///< null if kept_ is not
};

/// The name that fused.def uses: returns the struct of an object of a builtin shape.
[[nodiscard]] void* hpystate_struct_of(HPyContext*, HPy object, HPyType_BuiltinShape shape) {
    if (is_shape(shape)) return struct_of(as_object(object), shape);
    PyErr_Format(
        PyExc_SystemError,
        "HPy_AsStruct_g: builtin shape %d does not exist. Use a value of HPyType_BuiltinShape.",
        static_cast<int>(shape));
    return nullptr;
}

/// fused_<name>: load, the unfused call, close; without a handle.
#define HPY_FUSED(ret, name, params, args, global, failed, unfused)                                \
    [[maybe_unused]] ret fused_##name params noexcept {                                            \
        const Held held(ctx, global, Fused::name);                                                 \
        if (!held) [[unlikely]]                                                                    \
            return failed;                                                                         \
        const HPy object = held.handle();                                                          \
        return unfused;                                                                            \
    }
#include <hpystate/fused.def>

// ---- hot: without a reference, or without a second lookup ----

[[gnu::cold, gnu::noinline]] int check_type_slowly(HPyContext* ctx, HPy obj, HPyGlobal type) {
    return fused_HPy_TypeCheck_g(ctx, obj, type);
}

int check_type(HPyContext* ctx, HPy obj, HPyGlobal type) noexcept {
    const Token token = token_of(type);
    const Window::Entry& entry = current_region(ctx)->window.entry_of(token);
    if (obj._i == 0 || !entry.holds(token)) [[unlikely]]
        return check_type_slowly(ctx, obj, type);
    PyTypeObject* const found = Py_TYPE(as_object(obj));
    PyObject* const wanted = entry.plain();
    if (reinterpret_cast<PyObject*>(found) == wanted) return 1;
    // No Python code runs here, so the type is not released; without the GIL the window keeps it.
    if (wanted == nullptr || !PyType_Check(wanted)) [[unlikely]]
        return check_type_slowly(ctx, obj, type);
    return is_subtype(found, reinterpret_cast<PyTypeObject*>(wanted));
}

[[gnu::cold, gnu::noinline]] int compare_slowly(HPyContext* ctx, HPy obj, HPyGlobal other) {
    return fused_HPy_Is_g(ctx, obj, other);
}

int compare_objects(HPyContext* ctx, HPy obj, HPyGlobal other) noexcept {
    const Token token = token_of(other);
    const Window::Entry& entry = current_region(ctx)->window.entry_of(token);
    PyObject* const wanted = entry.plain();
    if (!entry.holds(token) || wanted == nullptr) [[unlikely]]
        return compare_slowly(ctx, obj, other);
    return as_object(obj) == wanted ? 1 : 0;
}

[[gnu::cold, gnu::noinline]] HPy make_slowly(HPyContext* ctx, HPyGlobal type, void** data) {
    return fused__HPy_New_g(ctx, type, data);
}

HPy make_instance(HPyContext* ctx, HPyGlobal type, void** data) noexcept {
    const Token token = token_of(type);
    const Window::Entry& entry = current_region(ctx)->window.entry_of(token);
    PyObject* const cls = entry.plain();
    if (!entry.holds(token) || cls == nullptr) [[unlikely]]
        return make_slowly(ctx, type, data);
    const TypeRecord* const record = record_of_simple(cls);
    if (record == nullptr) [[unlikely]]
        return make_slowly(ctx, type, data);
    return as_handle(make_simple(ctx, cls, *record, data));
}

HPy call_object(HPyContext* ctx, HPyGlobal callable, const HPy* args, std::size_t nargs,
                HPy kwnames) noexcept {
    const Held held(ctx, callable, Fused::HPy_Call_g);
    if (!held || !arguments_are_good("HPy_Call_g", args, nargs, kwnames)) [[unlikely]]
        return kNullHandle;
    return as_handle(
        vectorcall(as_object(held.handle()), as_objects(args), nargs, as_object(kwnames)));
}

// ---- those that are more than load, call, close ----

HPy fused_HPy_CallMethod_s(HPyContext* ctx, const char* utf8_name, const HPy* args,
                           std::size_t nargs, HPy kwnames) noexcept {
    if (!require_pointer(utf8_name, "HPy_CallMethod_s", "utf8_name")) return kNullHandle;
    const Ref name(PyUnicode_FromString(utf8_name));
    return name ? ctx_CallMethod(ctx, as_handle(name.get()), args, nargs, kwnames) : kNullHandle;
}

HPy fused_HPyGlobal_Borrow(HPyContext* ctx, HPyGlobal global) noexcept {
    PyObject* const object = lend_value(*current_region(ctx), token_of(global));
    if (object == nullptr) [[unlikely]]
        raise_unset(*current_region(ctx), name_of(Fused::HPyGlobal_Borrow), token_of(global));
    return as_handle(object);
}

HPy fused_HPyGlobal_LoadOrInit(HPyContext* ctx, HPyGlobal* global, HPyGlobal_Initializer init,
                               void* arg) noexcept {
    if (!check_initializer(global, init != nullptr)) return kNullHandle;
    Initializer initializer{ctx, init, arg};
    return as_handle(
        first_value(ctx, global, initializer.maker(), name_of(Fused::HPyGlobal_LoadOrInit)));
}

HPy fused_HPyGlobal_Import(HPyContext* ctx, HPyGlobal* global, const char* utf8_module,
                           const char* utf8_attribute) noexcept {
    constexpr const char* kName = "HPyGlobal_Import";
    if (!require_pointer(global, kName, "global")) return kNullHandle;
    if (!require_pointer(utf8_module, kName, "utf8_module")) return kNullHandle;
    Import import{utf8_module, utf8_attribute};
    return as_handle(first_value(ctx, global, import.maker(), kName));
}

[[nodiscard]] constexpr hpystate_fused_table make_table() noexcept {
    hpystate_fused_table table{
#define HPY_FUSED(ret, name, params, args, global, failed, unfused) &fused_##name,
#define HPY_FUSED_OWN(ret, name, params, args) &fused_##name,
#include <hpystate/fused.def>
    };
    table.HPy_TypeCheck_g = &check_type;
    table.HPy_Is_g = &compare_objects;
    table._HPy_New_g = &make_instance;
    table.HPy_Call_g = &call_object;
    return table;
}

} // namespace

constexpr hpystate_fused_table kPlainFusedCalls = make_table();
constexpr ContextHead kPlainHead(Version::kV09, ContextKind::kPlain, nullptr, kPlainFusedCalls);

} // namespace hpystate::context
