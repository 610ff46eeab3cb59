/// runtime/layers/debug/call.h: what every function of debug mode does: it checks the context,
/// unwraps handles, and wraps the result.
#pragma once

#include "runtime/abi/context_functions.h"
#include "runtime/calls/handle.h"
#include "runtime/layers/debug/state.h"

#include <hpy/context.h>

#include <cstdint>
#include <string>
#include <type_traits>

namespace hpystate::layers {

/// One call of a function of the context, in debug mode.
class Call {
  public:
    /// Aborts if the context is not that of the call that runs now.
    Call(HPyContext* context, const char* name) noexcept
        : own(DebugContext::of(context)), name_(name) {
        if (own.use.load(std::memory_order_relaxed) != DebugContext::Use::kValid) stop();
    }

    Call(HPyContext* context, ContextFunction function) noexcept
        : Call(context, api_name_of(function)) {}

    [[nodiscard]] HPyContext* plain() const noexcept { return own.plain; }
    [[nodiscard]] DebugState& state() const noexcept { return *own.state; }
    [[nodiscard]] const char* where() const noexcept { return name_; }

    [[nodiscard]] PyObject* object(HPy handle) const noexcept {
        return state().object_of(handle, where());
    }

    /// A parameter as the plain function takes it.
    template <typename T>
    [[nodiscard]] T in(T value) const noexcept {
        if constexpr (std::is_same_v<T, HPy>) {
            return as_handle(object(value));
        } else {
            return value;
        }
    }

    /// A result as the extension gets it.
    [[nodiscard]] HPy out(HPy result) const noexcept { return state().open(as_object(result)); }

    /// The same for a function that stores its result in `place` and returns `status`. Returns
    /// that, or -1 with an exception set if no handle could be opened. The plain function raised
    /// if `place` is null.
    [[nodiscard]] std::int32_t out_to(HPy* place, HPy result, std::int32_t status) const noexcept {
        if (place == nullptr) return status;
        *place = out(result);
        return result._i != 0 && place->_i == 0 ? -1 : status;
    }

    /// Reports an argument of the wrong type; HPy's own debug mode stops with that sentence.
    void refuse(const char* sentence) const noexcept {
        state().report(
            Misuse::kArgument, [&] { return std::string(where()) + ": " + sentence; }, sentence);
    }

    DebugContext& own;

  private:
    [[noreturn, gnu::cold]] void stop() const noexcept;

    const char* name_;
};

/// Whether a parameter of type T holds no handle, unless it is an HPy itself.
template <typename T>
inline constexpr bool kPlain =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, HPy> ||
    std::is_same_v<T, const char*> || std::is_same_v<T, const wchar_t*> ||
    std::is_same_v<T, void*> || std::is_same_v<T, void**> || std::is_same_v<T, HPy_ssize_t*> ||
    std::is_same_v<T, cpy_PyObject*> || std::is_same_v<T, HPyThreadState> ||
    std::is_same_v<T, HPyCapsule_Destructor*> || std::is_same_v<T, HPyFunc_Signature> ||
    std::is_same_v<T, HPyCFunction> || std::is_same_v<T, HPyField> || std::is_same_v<T, HPyField*>;

/// False: the object is not a type, which is reported with `sentence`. True for the null handle:
/// the plain function raises.
bool check_type(const Call& call, HPy h, const char* sentence) noexcept;

/// The struct of an object that the extension treats as one of the builtin shape `wanted`. Another
/// shape has its struct at another place: then that is reported, and the real struct returned.
[[nodiscard]] void* struct_or_report(const Call& call, PyObject* object,
                                     HPyType_BuiltinShape wanted) noexcept;

} // namespace hpystate::layers
