/// interp_state/first_value.cpp: makes a value in its turn, and tells why a turn is refused.
#include <Python.h>

#include "interp_state/first_value.h"

#include "interp_state/ends.h"
#include "interp_state/turns.h"
#include "interp_state/values.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/elf/symbol_name.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace hpystate {

namespace {

/// What a thread waits for, as in "the first value of kept".
[[nodiscard]] std::string describe(const Thing& thing) {
    if (thing.region != nullptr) return "the first value of " + describe_slot(thing.address);
    return "the context of " + name_of_address(reinterpret_cast<const void*>(thing.address)).file;
}

void raise_circle(const Circle& circle, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        std::string text = std::string(function) + ": ";
        if (circle.count == 1) {
            text +=
                describe(circle.things[0]) +
                " is already being made by this thread: its initializer asked for the same value.";
        } else {
            text += "this thread would wait forever for " + describe(circle.things[0]);
            for (std::size_t i = 1; i < circle.count; ++i)
                text += ", whose initializer waits for " + describe(circle.things[i]);
            text += ", which this thread is making.";
        }
        text += " Store the value before calling code that needs it, or make both values in one "
                "initializer.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return 0;
    }));
}

void raise_stopped(std::uintptr_t slot, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        const std::string text =
            std::string(function) + ": the first value of " + describe_slot(slot) +
            " was being made by a thread that Python has stopped, since this "
            "interpreter is ending, so it will never be ready. Join the thread "
            "before the interpreter ends, or keep what a destructor needs in "
            "the object.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return 0;
    }));
}

void raise_silent(std::uintptr_t slot, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        const std::string text =
            std::string(function) + ": the initializer of " + describe_slot(slot) +
            " returned nothing and set no exception. Set one where there is no "
            "value.";
        PyErr_SetString(PyExc_SystemError, text.c_str());
        return 0;
    }));
}

/// The value under the token of a slot, a new reference; nullptr without an exception: there is
/// none. load_value() gets what the slot holds, and would take the token of a slot that nobody
/// wrote to yet for foreign content.
[[nodiscard]] PyObject* value_of_slot(const Region& region, Token token) noexcept {
    return region.window.load(token, &take_reference);
}

/// nullptr with a SystemError.
[[nodiscard]] PyObject* refuse_ended(const Region& region, Token token, const char* function) {
    raise_unset(region, function, token);
    return nullptr;
}

void raise_ended(Token token, const char* function) noexcept {
    static_cast<void>(guarded(0, [&] {
        const std::string text =
            std::string(function) + ": the object of " + describe_slot(token.bits()) +
            " was destroyed already: this interpreter is ending, and what was made last ends "
            "first. Use it in a constructor, so that it is made before the object whose "
            "destructor needs it, or keep there what the destructor needs.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return 0;
    }));
}

/// When a value ends, if its interpreter does.
enum class End : std::uint8_t { kWithOthers, kInOrder };

/// Makes and publishes the value; the caller is the maker.
[[nodiscard]] PyObject* make_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                                   End end, const char* function) noexcept {
    const Token token = token_of_slot(slot);
    std::unique_ptr<Ends::Place> place;
    if (end == End::kInOrder) {
        place = Ends::new_place(token);
        if (place == nullptr) return PyErr_NoMemory();
    }
    Ref value(maker.make(maker.data));
    if (!value) {
        if (PyErr_Occurred() == nullptr) {
            raise_silent(token.bits(), function);
        }
        return nullptr;
    }
    // The initializer may have stored to the slot itself. That value stays.
    if (PyObject* const stored = value_of_slot(region, token)) return stored;
    if (region.window.closed()) return refuse_ended(region, token, function);
    // Newer than what its maker made, so it ends before that. Listed before it is stored: another
    // thread that finds it may use it in a value that is newer still.
    if (place != nullptr) region.ends.put(std::move(place));
    if (!store_value(region, slot, value.get())) return nullptr;
    return value.release();
}

[[nodiscard]] PyObject* first_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                                    End end, const char* function) noexcept {
    const Token token = token_of_slot(slot);
    for (;;) {
        if (PyObject* const stored = value_of_slot(region, token)) return stored;
        if (region.window.closed()) return refuse_ended(region, token, function);
        if (end == End::kInOrder && region.ends.has_ended(token)) {
            raise_ended(token, function);
            return nullptr;
        }
        TurnNode node({&region, region.generation, token.bits()});
        Circle circle;
        switch (take_turn(node, circle)) {
        case Turn::kMake:
            break;
        case Turn::kLookAgain:
            continue;
        case Turn::kRaised:
            return nullptr;
        case Turn::kCircle:
            raise_circle(circle, function);
            return nullptr;
        case Turn::kStopped:
            raise_stopped(token.bits(), function);
            return nullptr;
        }
        const Making making(node);
        // Another thread may have published a value before this thread's turn.
        if (PyObject* const stored = value_of_slot(region, token)) return stored;
        return make_value(region, slot, maker, end, function);
    }
}

} // namespace

PyObject* first_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                      const char* function) noexcept {
    return first_value(region, slot, maker, End::kWithOthers, function);
}

PyObject* first_value_in_order(Region& region, std::uintptr_t* slot, const Maker& maker,
                               const char* function) noexcept {
    return first_value(region, slot, maker, End::kInOrder, function);
}

Maker Import::maker() noexcept {
    return {[](void* data) noexcept -> PyObject* {
                const auto& self = *static_cast<const Import*>(data);
                Ref module(PyImport_ImportModule(self.module));
                if (!module || self.attribute == nullptr) return module.release();
                return PyObject_GetAttrString(module.get(), self.attribute);
            },
            this};
}

} // namespace hpystate
