/// runtime/abi/context_functions.h: a context's functions as numbers and names, made of the frozen
/// list.
#pragma once

#include <hpy/context.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace hpystate {

/// A function of the context. The order is the one of the list, without the handles.
enum class ContextFunction : unsigned {
#define HPY_FUNC(ret, name, params) name,
#include <hpy/abi/hpy_0_9.def>
};

// Arrays of C strings, and not inline: GCC puts other constants that hold addresses into memory
// that stays writable, which tests/abi/test_symbols.py forbids.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays)
constexpr const char* kFunctionNames[] = {
#define HPY_FUNC(ret, name, params) "ctx_" #name,
#include <hpy/abi/hpy_0_9.def>
};

constexpr std::size_t kFunctionCount = std::size(kFunctionNames);

[[nodiscard]] constexpr const char* name_of(ContextFunction function) noexcept {
    return kFunctionNames[static_cast<unsigned>(function)];
}

/// The name of the function that an extension's author calls: HPy_GetAttr_s for ctx_GetAttr_s,
/// HPyErr_SetString for ctx_Err_SetString; without the underscore that a few begin with
/// (_HPy_Dump). A name with a topic has a capital letter after its first
/// underscore; AsStruct_ is followed by a shape.
struct ApiName {
    std::array<char, 48> text;
};

[[nodiscard]] constexpr ApiName make_api_name(std::string_view name) {
    const std::size_t at = name.find('_');
    const bool has_topic = at != std::string_view::npos && name[at + 1] >= 'A' &&
                           name[at + 1] <= 'Z' && name.substr(0, at) != "AsStruct";
    ApiName api_name{};
    std::size_t length = 0;
    for (const char letter : has_topic ? std::string_view("HPy") : std::string_view("HPy_"))
        api_name.text.at(length++) = letter;
    for (const char letter : name)
        api_name.text.at(length++) = letter;
    api_name.text.at(length) = '\0'; // a name that does not fit is an error of the compiler
    return api_name;
}

/// Without pointers, so it is constant memory.
inline constexpr ApiName kApiNames[] = {
#define HPY_FUNC(ret, name, params) make_api_name(#name),
#include <hpy/abi/hpy_0_9.def>
};

/// For messages.
[[nodiscard]] constexpr const char* api_name_of(ContextFunction function) noexcept {
    return kApiNames[static_cast<unsigned>(function)].text.data();
}

} // namespace hpystate
