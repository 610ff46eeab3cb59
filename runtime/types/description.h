/// runtime/types/description.h: a type or a module as plain values, the same for every version of
/// HPy's ABI.
///
/// The structs in which an extension defines its types belong to one version of the ABI. A reader
/// of that version (runtime/versions/v0_9/describe.h) copies them into what is declared here;
/// checking and building see nothing else. Another version needs only a reader of its own.
///
/// Ownership: only the lists are owned. Names, documentation, legacy tables and closures are in the
/// extension's file, which is never unloaded. The objects of parameters are borrowed from the
/// caller. A reader copies what it finds, without checking it: check.h refuses what is missing or
/// wrong.
#pragma once

#include <Python.h>

#include "runtime/calls/function.h"
#include "runtime/elf/origin.h"
#include "runtime/types/shape.h"

#include <hpy/define.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hpystate {

/// A function that the type or module has for one of CPython's slots.
struct SlotDescription {
    HPySlot_Slot slot;
    HPyCFunction function;
    CFunction trampoline; ///< used if no thunk is left; may be null, here and below
};

struct MethodDescription {
    const char* name;
    HPyFunc_Signature signature;
    HPyCFunction function;
    CFunction trampoline;
    const char* doc; ///< or null, here and below

    /// For HPyFunc_KEYWORDS: the function takes all keywords as a dict, after the positional
    /// arguments; not their names, with the values behind those arguments. It has thunks in layers
    /// only.
    bool keywords_in_dict = false;
};

/// A field of the type's struct that Python sees.
struct MemberDescription {
    const char* name;
    HPyMember_FieldType type;
    Py_ssize_t offset; ///< bytes from the start of the type's own struct
    bool readonly;
    const char* doc;
};

struct GetSetDescription {
    const char* name;
    HPyCFunction getter; ///< or null
    HPyCFunction setter; ///< or null
    CFunction getter_trampoline;
    CFunction setter_trampoline;
    const char* doc;
    void* closure;
};

/// A definition of a kind that the reader does not know. The reader stops at it, since the rest of
/// the array may be garbage too.
struct UnknownDescription {
    int kind;
};

using Definition = std::variant<SlotDescription, MethodDescription, MemberDescription,
                                GetSetDescription, UnknownDescription>;

/// A definition or array that is not in the extension's own file: the dynamic linker resolved the
/// name to another file. The reader checks this first, and reads no definition if it finds one.
struct StrangePart {
    std::string part; ///< "defines[3]", "the array of globals"
    Stranger stranger;
};

/// What a type is made with, besides its definitions. Any other number is refused by name.
enum class ParameterKind : int {
    kBase = 1,
    kBasesTuple = 2,
    kMetaclass = 3,
};

struct ParameterDescription {
    ParameterKind kind;
    PyObject* object; ///< borrowed, or null
};

/// A type that an extension wants.
struct TypeDescription {
    const char* name = nullptr; ///< UTF-8, "module.Type"
    int basicsize = 0;          ///< bytes of the type's own struct; 0: it has none
    int itemsize = 0;           ///< bytes
    unsigned long flags = 0;    ///< CPython's
    Shape shape = HPyType_BuiltinShape_Object;
    const char* doc = nullptr;
    const PyType_Slot* legacy_slots = nullptr; ///< CPython's table, ended by a zero slot; or null
    std::vector<Definition> definitions;       ///< in the extension's order
    std::vector<ParameterDescription> parameters;
    std::optional<StrangePart> stranger;
};

/// A module that an extension defines.
struct ModuleDescription {
    const void* source = nullptr; ///< where the extension defines it: the module's identity
    const char* doc = nullptr;
    Py_ssize_t size = 0;                         ///< bytes of state that the module asks for
    const PyMethodDef* legacy_methods = nullptr; ///< ended by a zero entry; or null
    std::vector<Definition> definitions;         ///< in the extension's order
    std::vector<std::uintptr_t*> globals; ///< the extension's statics, perhaps not aligned ones
    bool lists_globals = false;           ///< there is a list, which may be empty
    std::optional<StrangePart> stranger;
};

} // namespace hpystate
