/// runtime/loader/compiled.cpp: reads the constant of a file that was compiled for the CPython ABI,
/// and compares what inline code in the file assumes with what this runtime does.
#include "runtime/loader/compiled.h"

#include "globals/gil.h"
#include "runtime/cpython/versions.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/module.h"
#include "runtime/types/shape.h"

#include <cstddef>
#include <cstring>

namespace hpystate {

namespace {

constexpr std::uint32_t offset_of(Shape shape) noexcept {
    return static_cast<std::uint32_t>(fixed_offset(shape));
}

/// The numbers of this runtime.
constexpr hpystate_cpython_layout kLayout{
    .object_struct = offset_of(HPyType_BuiltinShape_Object),
    .type_struct = offset_of(HPyType_BuiltinShape_Type),
    .float_struct = offset_of(HPyType_BuiltinShape_Float),
    .unicode_struct = offset_of(HPyType_BuiltinShape_Unicode),
    .list_struct = offset_of(HPyType_BuiltinShape_List),
    .dict_struct = offset_of(HPyType_BuiltinShape_Dict),
    .fields = kNoGil ? 2 : 1,
    .builders = 1,
};

/// The constant has all members of this version, or more.
constexpr std::size_t kNeeded = offsetof(hpystate_cpython_file, layout) + sizeof(kLayout);

/// "3.12" of a version.
std::string minor_version(std::uint32_t hex) {
    return std::to_string(hex >> 24U) + "." + std::to_string(hex >> 16U & 0xFFU);
}

/// Throws LoadError if inline code of the file would misread memory of this Python or this runtime.
void check_layout(const std::string& path, const hpystate_cpython_file& file) {
    if (file.python >> 16U != kPythonVersion >> 16U) {
        throw LoadError(
            LoadErrorKind::kOtherPython,
            path + ": was compiled for Python " + minor_version(file.python) +
                ", and this is Python " + minor_version(kPythonVersion) +
                ". Build the extension again with this Python.",
            {{"found", minor_version(file.python)}, {"expected", minor_version(kPythonVersion)}});
    }
    if (file.size < kNeeded || std::memcmp(&file.layout, &kLayout, sizeof(kLayout)) != 0) {
        throw LoadError(LoadErrorKind::kUnsupportedVersion,
                        path +
                            ": the inline functions in it expect another layout of objects than "
                            "this Python and this hpystate have. Build the extension again, with "
                            "this Python and the headers of this hpystate.",
                        {{"name", file.name}});
    }
}

/// Throws LoadError if the file was compiled for another version than kTrunk: inline code takes the
/// plain context of that one, and no other is around it.
void check_version(const std::string& path, const hpystate_cpython_file& file, const Offer& offer) {
    if (offer.context == kTrunk) return;
    const std::string release = kOffers[static_cast<std::size_t>(kTrunk)].release;
    throw LoadError(LoadErrorKind::kUnsupportedVersion,
                    path + ": was compiled for the CPython ABI of HPy " + offer.release +
                        "; this hpystate has that of HPy " + release +
                        " alone. Build the extension with the headers of HPy " + release +
                        ", or for the universal ABI.",
                    {{"name", file.name}});
}

} // namespace

InspectedFile inspect_compiled(const std::string& name, const std::string& path,
                               const hpystate_cpython_file& file) {
    check_layout(path, file);
    InspectedFile found{.name = name, .path = path, .short_name = file.name};
    found.version = {file.asks->abi_major, file.asks->abi_minor};
    found.offer = &offer_to(path, file.name, found.version);
    check_version(path, file, *found.offer);
    found.asks = file.asks;
    check_asks(path, file.name, *file.asks, *found.offer);
    found.tag = "cpython";
    found.init = file.init;
    found.init_context = file.init_context;
    read_links(found);
    read_words(found, file.interpreters, file.gil);
    return found;
}

bool execute_compiled(PyObject* module, const hpystate_cpython_file& file) {
    const Offer& trunk = kOffers[static_cast<std::size_t>(kTrunk)];
    return execute_described(module, trunk.describe(*call_file(file.init)), file.name);
}

} // namespace hpystate
