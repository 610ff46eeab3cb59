/// python/hpystate/looking.cpp: which slots the process knows, which interpreters have which of
/// them, and the objects of the calling one.
///
/// Two locks, never both at once, and neither while Python runs: the registry's while the tokens
/// are copied, the directory's while one region is read (interp_state/regions.h has what may be
/// read there). Files are never closed, so a slot that a module lists stays where it is; a token
/// is only compared here, its memory is not read.
#include "python/hpystate/looking.h"

#include "globals/registry.h"
#include "interp_state/current.h"
#include "interp_state/regions.h"
#include "interp_state/values.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/elf/error.h"
#include "runtime/elf/object.h"
#include "runtime/elf/symbols.h"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <dlfcn.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hpystate {

namespace {

struct Known {
    std::uintptr_t token;
    SlotInfo info;
};

/// Every token of the process, by address.
std::vector<Known> known_slots() {
    std::vector<Known> known;
    registry().for_each([&](std::uintptr_t token, const SlotInfo& info) {
        known.push_back({token, info});
    });
    std::sort(known.begin(), known.end(),
              [](const Known& one, const Known& other) { return one.token < other.token; });
    return known;
}

/// Names slots of the same file after reading its symbols once.
class Names {
  public:
    /// "" for a stripped file, and for one that cannot be read or contradicts itself.
    std::string_view name_of(const char* path, std::uint64_t offset) {
        if (path != path_) read(path);
        const Elf64_Sym* const variable = symbols_.variable_at(offset);
        return variable == nullptr ? std::string_view() : symbols_.name_of(*variable);
    }

  private:
    void read(const char* path) try {
        path_ = path;
        symbols_ = elf::Symbols();
        symbols_ = elf::section_symbols(elf::Object(path_));
    } catch (const elf::Error&) {
        symbols_ = elf::Symbols(); // as describe_slot(): the slot is shown without a name
    }

    std::string path_;
    elf::Symbols symbols_;
};

/// What slots() has for one of them.
PyObject* described(const Known& slot, Names& names) {
    Dl_info file{};
    const bool in_a_file =
        dladdr(reinterpret_cast<const void*>(slot.token), &file) != 0 && file.dli_fname != nullptr;
    const char* const path = in_a_file ? file.dli_fname : "";
    const std::uintptr_t offset =
        in_a_file ? slot.token - reinterpret_cast<std::uintptr_t>(file.dli_fbase) : slot.token;
    const std::string_view name = in_a_file ? names.name_of(path, offset) : std::string_view();
    Ref path_text(PyUnicode_DecodeFSDefault(path));
    // The file's bytes may be anything.
    Ref name_text(
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "replace"));
    if (!path_text || !name_text) return nullptr;
    return Py_BuildValue("(znNKN)", slot.info.listed() ? slot.info.owner->module.c_str() : nullptr,
                         static_cast<Py_ssize_t>(slot.info.index), path_text.release(),
                         static_cast<unsigned long long>(offset), name_text.release());
}

/// dict[token] = value; takes the reference. False: an exception is set.
bool put(PyObject* dict, std::uintptr_t token, PyObject* value) {
    const Ref kept(value);
    if (!kept) return false;
    const Ref key(PyLong_FromSize_t(token));
    return key && PyDict_SetItem(dict, key.get(), kept.get()) == 0;
}

PyDoc_STRVAR(slots_doc,
             "slots($module, /)\n--\n\n"
             "The slots of HPyGlobal and hpystate_global that this process knows, of all\n"
             "interpreters: a dict from the slot's address to (module, index, file, offset,\n"
             "name). module and index are where it is listed, module is None if no module lists\n"
             "it; offset is from the file's load address; name is '' where the file was\n"
             "stripped.");

PyObject* all_slots(PyObject*, PyObject*) {
    return guarded<PyObject*>(nullptr, []() -> PyObject* {
        Ref dict(PyDict_New());
        Names names;
        for (const Known& slot : known_slots()) {
            if (!dict || !put(dict.get(), slot.token, described(slot, names))) return nullptr;
        }
        return dict.release();
    });
}

const char* word_of(Region::Phase phase) noexcept {
    switch (phase) {
    case Region::Phase::kFree:
        return "free";
    case Region::Phase::kLive:
        return "live";
    case Region::Phase::kDying:
        return "dying";
    }
    return "unknown";
}

/// What is read of one region, into memory that was allocated before.
struct Reading {
    const std::vector<Known>& known;
    std::vector<std::pair<std::uintptr_t, bool>> found; ///< a token, and whether it has a value
    std::int64_t interpreter = -1;
    std::uint32_t generation = 0;
    std::size_t pages = 0; ///< of the window, with at least one of `found` in them
    Region::Phase phase = Region::Phase::kFree;
};

/// Under the directory lock.
void read(const Region& region, void* data) {
    Reading& into = *static_cast<Reading*>(data);
    constexpr std::size_t kPageBytes = 4096;
    std::bitset<Window::kEntries * sizeof(Window::Entry) / kPageBytes> pages;
    into.found.clear();
    into.pages = 0;
    into.interpreter = region.interpreter_id;
    into.generation = region.generation;
    // relaxed, here and below: it is a report, and no memory is read through these words.
    into.phase = region.phase.load(std::memory_order_relaxed);
    if (into.phase != Region::Phase::kLive) return; // closed or empty: its words have no meaning
    for (const Known& slot : into.known) {
        const Window::Entry& entry = region.window.entry_of(Token(slot.token));
        if (!entry.holds(Token(slot.token))) continue;
        const Word word(entry.word.load(std::memory_order_relaxed));
        into.found.emplace_back(slot.token, word.object() != nullptr); // reserved: no allocation
        pages.set(Window::index_of(Token(slot.token)) * sizeof(Window::Entry) / kPageBytes);
    }
    into.pages = pages.count();
}

PyObject* as_tuple(const Reading& reading) {
    Ref places(PyDict_New());
    if (!places) return nullptr;
    for (const auto& [token, has_value] : reading.found) {
        if (!put(places.get(), token, PyBool_FromLong(has_value))) return nullptr;
    }
    return Py_BuildValue("(LIsnN)", static_cast<long long>(reading.interpreter), reading.generation,
                         word_of(reading.phase), static_cast<Py_ssize_t>(reading.pages),
                         places.release());
}

PyDoc_STRVAR(
    regions_doc,
    "regions($module, /)\n--\n\n"
    "The interpreters that hpystate keeps state for, or has kept it for: a list of (interpreter,\n"
    "generation, phase, pages, slots). phase is 'live', 'dying' (its values are gone) or 'free'.\n"
    "slots is a dict from the address of each slot that has a place there to whether it has a\n"
    "value; pages are those of the window that have one of these places.\n"
    "No object is touched. Two slots that share a place are shown in their own interpreter only.");

PyObject* regions(PyObject*, PyObject*) {
    return guarded<PyObject*>(nullptr, []() -> PyObject* {
        const std::vector<Known> known = known_slots();
        Reading reading{known, {}};
        reading.found.reserve(known.size());
        Ref list(PyList_New(0));
        const Region* region = nullptr;
        while (list && (region = read_next_region(region, read, &reading)) != nullptr) {
            const Ref row(as_tuple(reading));
            if (!row || PyList_Append(list.get(), row.get()) != 0) return nullptr;
        }
        return list.release();
    });
}

PyDoc_STRVAR(held_doc, "held($module, /)\n--\n\n"
                       "The values of this interpreter's globals: a dict from the slot's\n"
                       "address to the object.");

PyObject* held(PyObject*, PyObject*) {
    const Region* const region = region_or_raise();
    if (region == nullptr) return nullptr;
    return guarded<PyObject*>(nullptr, [=]() -> PyObject* {
        Ref dict(PyDict_New());
        for (const Known& slot : known_slots()) {
            if (!dict) return nullptr;
            PyObject* const object = region->window.load(Token(slot.token), take_reference);
            if (object != nullptr && !put(dict.get(), slot.token, object)) return nullptr;
        }
        return dict.release();
    });
}

PyMethodDef looking_functions[] = {
    {"slots", all_slots, METH_NOARGS, slots_doc},
    {"regions", regions, METH_NOARGS, regions_doc},
    {"held", held, METH_NOARGS, held_doc},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

Region* region_or_raise() noexcept {
    Region* const region = current_region();
    if (region == nullptr) {
        PyErr_SetString(PyExc_SystemError,
                        "hpystate has no state for this interpreter, which is ending.");
    }
    return region;
}

PyMethodDef* looking_methods() noexcept {
    return looking_functions;
}

} // namespace hpystate
