/// runtime/types/definitions.cpp: method and get-set tables.
#include "runtime/types/definitions.h"

#include "globals/interner.h"
#include "runtime/abi/upstream_messages.h"

#include <cstring>
#include <string>
#include <vector>

namespace hpystate {

namespace {

/// METH_ flags of a signature; 0 where a method cannot have it.
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

/// A table's bytes, ended by a zero entry, with zeros in the padding; interned.
template <typename Entry>
[[nodiscard]] Entry* intern_table(const std::vector<Entry>& entries) {
    std::string bytes((entries.size() + 1) * sizeof(Entry), '\0');
    if (!entries.empty()) {
        std::memcpy(bytes.data(), entries.data(), entries.size() * sizeof(Entry));
    }
    // CPython takes the table as writable and writes nothing into it.
    return static_cast<Entry*>(const_cast<void*>(interner().intern(std::move(bytes))));
}

bool raise_incomplete(const char* kind, const char* name) {
    PyErr_Format(PyExc_SystemError,
                 "%s '%s': the definition has no name or no function. Define it with the HPyDef "
                 "macros.",
                 kind, name != nullptr ? name : "(no name)");
    return false;
}

bool add_method(std::vector<PyMethodDef>& methods, const MethodDescription& method, Site site) {
    const int flags = flags_of(method.signature);
    if (flags == 0) {
        PyErr_SetString(PyExc_ValueError, interface::kUnsupportedSignature);
        return false;
    }
    if (method.name == nullptr || method.function == nullptr)
        return raise_incomplete("method", method.name);
    CFunction function = thunk_for(method.signature, method.function, site);
    // The pool is used up: the file's own trampoline serves, through the dispatcher.
    if (function == nullptr && !is_layered(site)) {
        function = method.trampoline;
    }
    if (function == nullptr) {
        const std::string owner = std::string("method '") + method.name + "'";
        raise_no_thunk(owner.c_str(), "its function", method.signature, false, site);
        return false;
    }
    PyMethodDef entry;
    std::memset(&entry, 0, sizeof(entry)); // the padding too: tables are compared by bytes
    entry.ml_name = method.name;
    entry.ml_meth = reinterpret_cast<PyCFunction>(function);
    entry.ml_flags = flags;
    entry.ml_doc = method.doc;
    methods.push_back(entry);
    return true;
}

/// Sets the thunk of one half of a get-set; to nullptr where the extension has none. False: an
/// exception is set. The file's own trampoline cannot carry a mode.
template <typename Pointer>
bool make_half(const char* name, HPyFunc_Signature signature, HPyCFunction function, Site site,
               CFunction trampoline, Pointer& half) {
    half = nullptr;
    if (function == nullptr) return true;
    CFunction thunk = thunk_for(signature, function, site);
    if (thunk == nullptr && !is_layered(site)) thunk = trampoline;
    half = reinterpret_cast<Pointer>(thunk);
    if (half != nullptr) return true;
    const std::string owner = std::string("get-set '") + name + "'";
    const char* const what = signature == HPyFunc_GETTER ? "its getter" : "its setter";
    raise_no_thunk(owner.c_str(), what, signature, false, site);
    return false;
}

} // namespace

void append_methods(std::vector<PyMethodDef>& methods, const PyMethodDef* table) {
    for (; table != nullptr && table->ml_name != nullptr; ++table) {
        PyMethodDef entry;
        std::memset(&entry, 0, sizeof(entry));
        entry.ml_name = table->ml_name;
        entry.ml_meth = table->ml_meth;
        entry.ml_flags = table->ml_flags;
        entry.ml_doc = table->ml_doc;
        methods.push_back(entry);
    }
}

bool make_methods(std::span<const Definition> definitions, std::span<const PyMethodDef> legacy,
                  Site site, PyMethodDef*& methods) {
    methods = nullptr;
    std::vector<PyMethodDef> entries;
    for (const Definition& definition : definitions) {
        const auto* const method = std::get_if<MethodDescription>(&definition);
        if (method != nullptr && !add_method(entries, *method, site)) return false;
    }
    entries.insert(entries.end(), legacy.begin(), legacy.end());
    if (!entries.empty()) methods = intern_table(entries);
    return true;
}

bool make_getsets(std::span<const Definition> definitions, std::span<const PyGetSetDef> others,
                  Site site, PyGetSetDef*& getsets) {
    getsets = nullptr;
    std::vector<PyGetSetDef> entries;
    for (const Definition& definition : definitions) {
        const auto* const source = std::get_if<GetSetDescription>(&definition);
        if (source == nullptr) continue;
        const bool has_function = source->getter != nullptr || source->setter != nullptr;
        if (source->name == nullptr || !has_function)
            return raise_incomplete("get-set", source->name);
        getter get = nullptr;
        setter set = nullptr;
        if (!make_half(source->name, HPyFunc_GETTER, source->getter, site,
                       source->getter_trampoline, get) ||
            !make_half(source->name, HPyFunc_SETTER, source->setter, site,
                       source->setter_trampoline, set)) {
            return false;
        }
        entries.push_back({source->name, get, set, source->doc, source->closure});
    }
    entries.insert(entries.end(), others.begin(), others.end());
    if (!entries.empty()) getsets = intern_table(entries);
    return true;
}

} // namespace hpystate
