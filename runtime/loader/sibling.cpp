/// runtime/loader/sibling.cpp: the table of functions behind hpystate/sibling.h.
///
/// Every function may be called with a context of any version and mode of this runtime, on a thread
/// that is attached to its interpreter. Of a context only `_private` is read before it is known to
/// be of this runtime, and `name` for a message: both are at the same place in every version. Of
/// what `_private` points to, the first 8 bytes are read (runtime/context/head.h).
///
/// A context of another version than kTrunk has the handles of the one that it forwards to. So
/// handles are opened and closed in that one, and debug mode sees them as any other.
#include <Python.h>

#include "runtime/loader/sibling.h"

#include "interp_state/current.h"
#include "runtime/calls/handle.h"
#include "runtime/context/head.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/layers/debug/call.h"
#include "runtime/loader/negotiate.h"

#include <hpystate/sibling_table.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace hpystate {

namespace {

/// A context of this runtime, of any version and mode. False: it is of another one, and an
/// exception is set.
struct Place {
    HPyContext* context;
    const ContextHead* head;
    HPyContext* trunk; ///< the context of kTrunk that has its handles: itself, or another one

    Place(HPyContext* of, const char* function) noexcept
        : context(of), head(of != nullptr ? context::head_of(of) : nullptr), trunk(of) {
        if (head == nullptr) [[unlikely]] {
            context::refuse_foreign(of, function);
        } else if (head->trunk != nullptr) {
            trunk = head->trunk;
        }
    }

    explicit operator bool() const noexcept { return head != nullptr; }
    [[nodiscard]] bool is_debug() const noexcept { return head->kind == ContextKind::kDebug; }

    /// A plain context of kTrunk is in its region, at a constant offset.
    [[nodiscard]] Region* region() const noexcept {
        return head->region != nullptr ? head->region : Region::of(trunk);
    }
};

/// Whether a handle can be one of debug mode: its records' addresses are odd, objects' are even.
[[nodiscard]] bool looks_like_debug(HPy h) noexcept {
    return (static_cast<std::uintptr_t>(h._i) & 1U) != 0;
}

/// The object of a handle, borrowed; nullptr with an exception set. Debug mode reports misuse.
[[nodiscard]] PyObject* object_of(const Place& place, HPy h, const char* function) noexcept {
    if (place.is_debug()) return layers::Call(place.trunk, function).object(h);
    if (!looks_like_debug(h)) return as_object(h);
    PyErr_Format(
        PyExc_SystemError,
        "%s: the handle belongs to debug mode, and the context that it came with is plain. "
        "Pass the context that the handle belongs to: hpystate_lend() makes one for the "
        "other context.",
        function);
    return nullptr;
}

/// A new handle of the context for an object, whose reference is taken. Null with an exception set.
[[nodiscard]] HPy open(const Place& place, PyObject* object, const char* function) noexcept {
    if (place.is_debug()) return layers::Call(place.trunk, function).out(as_handle(object));
    return as_handle(object);
}

/// Closes a handle, and returns its object, a new reference. nullptr with an exception set, or
/// where debug mode reported misuse and a hook let the program go on.
[[nodiscard]] PyObject* take(const Place& place, HPy h, const char* function) noexcept {
    if (!place.is_debug()) return object_of(place, h, function);
    const layers::Call call(place.trunk, function);
    return call.state().close(h, function);
}

/// Objects of an interpreter with a GIL of its own may not be used in another one, and a legacy one
/// has contexts of its own too.
[[nodiscard]] bool check_same_interpreter(const Place& from, const Place& to,
                                          const char* function) noexcept {
    const Region* const mine = from.region();
    const Region* const theirs = to.region();
    if (mine == theirs) return true;
    PyErr_Format(PyExc_SystemError,
                 "%s: one context belongs to interpreter %lld, the other to interpreter %lld. Use "
                 "contexts of one interpreter.",
                 function, static_cast<long long>(mine->interpreter_id),
                 static_cast<long long>(theirs->interpreter_id));
    return false;
}

// Not inlined: its registers and its stack would be saved by every call of context_for().
[[gnu::cold, gnu::noinline]] HPyContext* raise_no_version(std::uint32_t major, std::uint32_t minor,
                                                          const char* function) noexcept {
    return guarded<HPyContext*>(nullptr, [&]() -> HPyContext* {
        const std::string text = std::string(function) + ": a context of HPy ABI " +
                                 AbiVersion{major, minor}.text() +
                                 " was asked for; this runtime has " + offered_versions() +
                                 ". Upgrade hpystate, or build the extension that wants it for one "
                                 "of these.";
        PyErr_SetString(PyExc_RuntimeError, text.c_str());
        return nullptr;
    });
}

/// Inline code of a file of the CPython ABI takes a handle for an object: so it never gets a
/// context of debug mode.
HPyContext* plain_of(HPyContext* ctx) noexcept {
    const Place place(ctx, "hpystate_context_for");
    return place ? &place.region()->context() : nullptr;
}

hpystate_sibling_finder finder_for(std::uint32_t major, std::uint32_t minor) noexcept {
    if (const Offer* const offer = offer_for({major, minor})) return offer->sibling;
    return major == HPYSTATE_ABI_MAJOR_CPYTHON && minor == 0 ? &plain_of : nullptr;
}

HPyContext* context_for(HPyContext* ctx, std::uint32_t major, std::uint32_t minor) noexcept {
    const hpystate_sibling_finder sibling = finder_for(major, minor);
    return sibling != nullptr ? sibling(ctx)
                              : raise_no_version(major, minor, "hpystate_context_for");
}

HPy lend(HPyContext* from, HPyContext* to, HPy h) noexcept {
    constexpr const char* kName = "hpystate_lend";
    if (h._i == 0) return kNullHandle;
    const Place source(from, kName);
    if (!source) return kNullHandle;
    const Place target(to, kName);
    if (!target || !check_same_interpreter(source, target, kName)) return kNullHandle;
    PyObject* const object = object_of(source, h, kName);
    return object != nullptr ? open(target, Py_NewRef(object), kName) : kNullHandle;
}

void close(HPyContext* of, HPy h) noexcept {
    constexpr const char* kName = "hpystate_end_lend";
    if (h._i == 0) return;
    // It is called after a function that failed as well, whose exception is in flight then. It has
    // no result that could tell about an error of its own.
    const InFlight kept(nullptr);
    const Place place(of, kName);
    if (place) Py_XDECREF(take(place, h, kName));
}

/// Closes the handle that give() got and cannot use; an exception is set. Objects of another
/// interpreter are left alone: its threads may use them at this moment, under a GIL of their own.
[[gnu::cold]] HPy drop(const Place& source, HPy h, const char* function) noexcept {
    const InFlight kept(nullptr);
    if (source.region() == current_region()) Py_XDECREF(take(source, h, function));
    return kNullHandle;
}

HPy give(HPyContext* from, HPyContext* to, HPy h) noexcept {
    constexpr const char* kName = "hpystate_give";
    if (h._i == 0) return kNullHandle;
    const Place source(from, kName);
    if (!source) return kNullHandle;
    const Place target(to, kName);
    if (!target || !check_same_interpreter(source, target, kName)) return drop(source, h, kName);
    PyObject* const object = take(source, h, kName);
    return object != nullptr ? open(target, object, kName) : kNullHandle;
}

HPy capsule_of(HPyContext* ctx, const hpystate_api* api) noexcept {
    constexpr const char* kName = "hpystate_api_publish";
    const Place place(ctx, kName);
    if (!place) return kNullHandle;
    // The capsule does not own the struct, which is a constant of the publisher's file.
    PyObject* const capsule =
        PyCapsule_New(const_cast<hpystate_api*>(api), HPYSTATE_API_CAPSULE, nullptr);
    return capsule != nullptr ? open(place, capsule, kName) : kNullHandle;
}

const hpystate_api* api_in(HPyContext* ctx, HPy capsule) noexcept {
    constexpr const char* kName = "hpystate_api_find";
    const Place place(ctx, kName);
    if (!place) return nullptr;
    PyObject* const object = object_of(place, capsule, kName);
    if (object == nullptr) return nullptr;
    if (PyCapsule_IsValid(object, HPYSTATE_API_CAPSULE) == 0) {
        PyErr_Format(PyExc_ValueError,
                     "%s: the attribute is a '%.100s'; a capsule named " HPYSTATE_API_CAPSULE
                     " was expected, as hpystate_api_publish() makes it.",
                     kName, Py_TYPE(object)->tp_name);
        return nullptr;
    }
    return static_cast<const hpystate_api*>(PyCapsule_GetPointer(object, HPYSTATE_API_CAPSULE));
}

constexpr hpystate_sibling_table kSiblings{&context_for, &lend,   &give,      &close,
                                           &capsule_of,  &api_in, &finder_for};

} // namespace

void fill_sibling_link(const InspectedFile& file) {
    hpystate_sibling_link* const link = file.sibling_link;
    // A file that was compiled with a longer table would call what ours does not have.
    if (link == nullptr || link->table_size > sizeof(hpystate_sibling_table)) return;
    const hpystate_sibling_table* unfilled = nullptr;
    // release: whoever sees the address sees the table, which is constant.
    std::atomic_ref(link->table)
        .compare_exchange_strong(unfilled, &kSiblings, std::memory_order_release,
                                 std::memory_order_relaxed);
}

} // namespace hpystate
