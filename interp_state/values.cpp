/// interp_state/values.cpp: unlisted slots, and the message for a slot that holds nothing.
#include <Python.h>

#include "interp_state/values.h"

#include "globals/registry.h"
#include "globals/throwing.h"
#include "interp_state/foreign_report.h"
#include "runtime/cpython/guarded.h"
#include "runtime/elf/placement.h"
#include "runtime/elf/read_memory.h"
#include "runtime/elf/symbol_name.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <new>
#include <string>

namespace hpystate {

bool write_unlisted(std::uintptr_t* slot) noexcept {
    if (!can_throw()) return false;
    try {
        registry().add_unlisted(slot);
        if (!holds_token(slot)) report_foreign_slot();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

namespace {

/// Whether content is the address of a word that holds it: the token of a slot that another copy of
/// this runtime has registered and this one has not. Memory that is not mapped is not read.
[[nodiscard]] bool is_token_of_a_copy(Token content) noexcept {
    const std::uintptr_t slot = content.bits();
    std::uintptr_t held = 0;
    return place_of(reinterpret_cast<const void*>(slot)) == Placement::kWritable &&
           read_memory(slot, &held, sizeof(held)) && held == slot;
}

} // namespace

Resolved resolve(const Region& region, Token content) noexcept {
    if (content.is_unset() || region.window.closed() || region.window.claimed(content))
        return {content, false, 0};
    const Registry::Match match = registry().match(content.bits());
    if (match.is_token || (match.count == 0 && is_token_of_a_copy(content)))
        return {content, false, 0};
    report_foreign_slot();
    if (match.count == 1) return {Token(match.slot), false, 0};
    return {Token(0), true, match.count};
}

PyObject* load_elsewhere(Region& region, Token content) noexcept {
    PyObject* const object = region.window.load_slow(content, &take_reference);
    if (object != nullptr) return object;
    const Token token = resolve(region, content).token;
    return token == content ? nullptr : region.window.load(token, &take_reference);
}

PyObject* lend_elsewhere(Region& region, Token content) noexcept {
    PyObject* const object = region.window.borrow(content);
    if (object != nullptr) return object;
    const Token token = resolve(region, content).token;
    return token == content ? nullptr : region.window.borrow(token);
}

namespace {

/// The sentence about content that is not a token.
[[nodiscard]] std::string describe_unknown(Token content, std::size_t count) {
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "0x%" PRIxPTR, content.bits()));
    const std::string slots = count == 0
                                  ? "no slot that a module lists holds it now"
                                  : std::to_string(count) + " slots that modules list hold it";
    return std::string("the slot holds ") + text.data() + ", its own address was expected, and " +
           slots +
           ", so it is not known which slot was meant. Another HPy runtime in this process, or "
           "other "
           "code, writes to it. List the slot in the module's globals, and load the file with one "
           "runtime only or with other_runtimes=\"copy\".";
}

} // namespace

void raise_unset(const Region& region, const char* function, Token token,
                 const char* place) noexcept {
    PyObject* const pending = PyErr_GetRaisedException();
    const bool closed = region.window.closed();
    static_cast<void>(guarded(0, [&] {
        const Resolved found = resolve(region, token);
        if (found.unknown) {
            const std::string why =
                std::string(function) + ": " + describe_unknown(token, found.count);
            PyErr_SetString(PyExc_SystemError, why.c_str());
            return 0;
        }
        std::string text = std::string(function) + ": " + describe_slot(found.token.bits());
        text += closed ? " no longer holds a value: this interpreter is ending and has released "
                         "the values of its globals. Keep what a destructor needs in the object."
                       : std::string(" holds nothing in this interpreter, a value was expected. "
                                     "Store one first, in the module's ") +
                             place + ".";
        PyErr_SetString(PyExc_SystemError, text.c_str());
        return 0;
    }));
    if (pending == nullptr) return;
    PyObject* const raised = PyErr_GetRaisedException();
    PyException_SetContext(raised, pending); // takes the reference
    PyErr_SetRaisedException(raised);
}

} // namespace hpystate
