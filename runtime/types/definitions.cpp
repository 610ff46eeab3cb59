/// runtime/types/definitions.cpp: method and get-set tables.
#include "runtime/types/definitions.h"

#include "globals/interner.h"
#include "runtime/abi/upstream_messages.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

namespace hpystate {

namespace {

/// The METH_ flags for a signature; 0 if methods cannot have that signature.
int flags_of(HPyFunc_Signature signature) noexcept {
    switch (signature) {
    case HPyFunc_NOARGS:
        return METH_NOARGS;
    case HPyFunc_O:
        return METH_O;
    case HPyFunc_VARARGS:
        return METH_FASTCALL;
    case HPyFunc_KEYWORDS:
        return METH_FASTCALL | METH_KEYWORDS;
    default:
        return 0;
    }
}

/// Interns a table and returns it, ended by a zero entry. The padding in the entries must be zero.
template <typename Entry>
[[nodiscard]] Entry* intern_table(const std::vector<Entry>& entries) {
    std::string bytes((entries.size() + 1) * sizeof(Entry), '\0');
    if (!entries.empty()) {
        std::memcpy(bytes.data(), entries.data(), entries.size() * sizeof(Entry));
    }
    // CPython's parameter is not const, but CPython does not write to the table.
    return static_cast<Entry*>(const_cast<void*>(interner().intern(std::move(bytes))));
}

bool raise_incomplete(const char* kind, const char* name) {
    PyErr_Format(PyExc_SystemError,
                 "%s '%s': the definition has no name or no function. Define it with the HPyDef "
                 "macros.",
                 kind, name != nullptr ? name : "(no name)");
    return false;
}

/// The padding is zero, because tables are compared as bytes.
PyMethodDef method_entry(const char* name, PyCFunction function, int flags, const char* doc) {
    PyMethodDef entry;
    std::memset(&entry, 0, sizeof(entry));
    entry.ml_name = name;
    entry.ml_meth = function;
    entry.ml_flags = flags;
    entry.ml_doc = doc;
    return entry;
}

bool add_method(std::vector<PyMethodDef>& methods, const MethodDescription& method, Site site) {
    const bool dict = method.keywords_in_dict && method.signature == HPyFunc_KEYWORDS;
    CFunction const function =
        thunk_or_trampoline(dict ? kDictSignature : method.signature, method.function,
                            method.trampoline, site, {"method", method.name, "its function"});
    if (function == nullptr) return false;
    const int flags = dict ? METH_VARARGS | METH_KEYWORDS : flags_of(method.signature);
    methods.push_back(
        method_entry(method.name, reinterpret_cast<PyCFunction>(function), flags, method.doc));
    return true;
}

/// Sets the getter or the setter of a get-set, to nullptr if the extension defines none. False: an
/// exception is set.
template <typename Pointer>
bool make_half(const char* name, HPyFunc_Signature signature, HPyCFunction function,
               CFunction trampoline, Site site, Pointer& half) {
    half = nullptr;
    if (function == nullptr) return true;
    const char* const what = signature == HPyFunc_GETTER ? "its getter" : "its setter";
    half = reinterpret_cast<Pointer>(
        thunk_or_trampoline(signature, function, trampoline, site, {"get-set", name, what}));
    return half != nullptr;
}

/// Calls `act` with all definitions of one kind until it is false.
template <typename Kind, typename Act>
bool for_all(std::span<const Definition> definitions, Act act) {
    return std::all_of(definitions.begin(), definitions.end(), [&](const Definition& definition) {
        const auto* const one = std::get_if<Kind>(&definition);
        return one == nullptr || act(*one);
    });
}

} // namespace

bool check_methods(std::span<const Definition> definitions) {
    return for_all<MethodDescription>(definitions, [](const MethodDescription& method) {
        if (flags_of(method.signature) == 0) {
            PyErr_SetString(PyExc_ValueError, upstream::kUnsupportedSignature);
            return false;
        }
        const bool complete = method.name != nullptr && method.function != nullptr;
        return complete || raise_incomplete("method", method.name);
    });
}

bool check_getsets(std::span<const Definition> definitions) {
    return for_all<GetSetDescription>(definitions, [](const GetSetDescription& getset) {
        const bool has_function = getset.getter != nullptr || getset.setter != nullptr;
        const bool complete = getset.name != nullptr && has_function;
        return complete || raise_incomplete("get-set", getset.name);
    });
}

bool make_methods(std::span<const Definition> definitions, const PyMethodDef* legacy, Site site,
                  PyMethodDef*& methods) {
    methods = nullptr;
    std::vector<PyMethodDef> entries;
    const bool good = for_all<MethodDescription>(definitions, [&](const MethodDescription& method) {
        return add_method(entries, method, site);
    });
    if (!good) return false;
    for (; legacy != nullptr && legacy->ml_name != nullptr; ++legacy) {
        entries.push_back(
            method_entry(legacy->ml_name, legacy->ml_meth, legacy->ml_flags, legacy->ml_doc));
    }
    if (!entries.empty()) methods = intern_table(entries);
    return true;
}

bool make_getsets(std::span<const Definition> definitions, std::span<const PyGetSetDef> others,
                  Site site, PyGetSetDef*& getsets) {
    getsets = nullptr;
    std::vector<PyGetSetDef> entries;
    const bool good = for_all<GetSetDescription>(definitions, [&](const GetSetDescription& source) {
        getter get = nullptr;
        setter set = nullptr;
        if (!make_half(source.name, HPyFunc_GETTER, source.getter, source.getter_trampoline, site,
                       get) ||
            !make_half(source.name, HPyFunc_SETTER, source.setter, source.setter_trampoline, site,
                       set)) {
            return false;
        }
        entries.push_back({source.name, get, set, source.doc, source.closure});
        return true;
    });
    if (!good) return false;
    entries.insert(entries.end(), others.begin(), others.end());
    if (!entries.empty()) getsets = intern_table(entries);
    return true;
}

} // namespace hpystate
