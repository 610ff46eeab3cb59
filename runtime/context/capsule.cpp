/// runtime/context/capsule.cpp: capsules whose destructor is an HPy function.
///
/// An HPy destructor gets the name, the pointer and the context of the capsule, and no HPyContext.
/// CPython's destructor gets the capsule. So CPython always gets release() as the destructor, which
/// calls the extension's. The extension's destructor and the capsule's context, as HPy sees it, are
/// in a Note, to which CPython's context of the capsule points.
///
///     PyCapsule { pointer, name, context --> Note { context, destructor }, destructor = release }
///
/// The note is made with the capsule, owned by it, and freed by release(). A capsule that was made
/// through the C API has no note: its context is the one that CPython holds.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/cpython/in_flight.h"

#include <memory>
#include <new>

namespace hpystate::context {

namespace {

struct Note {
    void* context = nullptr;
    HPyFunc_CAPSULE_DESTRUCTOR_t destructor = nullptr;
};

/// The extension's destructor may call the C API and raise. The capsule is half destroyed, so an
/// error is reported with its type.
void release(PyObject* capsule) {
    const InFlight kept(reinterpret_cast<PyObject*>(&PyCapsule_Type));
    const char* const name = PyCapsule_GetName(capsule);
    const std::unique_ptr<Note> note(static_cast<Note*>(PyCapsule_GetContext(capsule)));
    if (note->destructor != nullptr) {
        note->destructor(name, PyCapsule_GetPointer(capsule, name), note->context);
    }
}

/// The note of a capsule that this runtime made, otherwise nullptr. check_capsule() has passed, so
/// this sets no exception, and clears none of the caller's.
Note* note_of(PyObject* capsule) noexcept {
    if (PyCapsule_GetDestructor(capsule) != &release) return nullptr;
    return static_cast<Note*>(PyCapsule_GetContext(capsule));
}

bool check_capsule(HPy capsule, const char* function) noexcept {
    if (PyCapsule_CheckExact(as_object(capsule))) return true;
    PyErr_Format(PyExc_ValueError, "%s: a '%s' was given, a capsule was expected.", function,
                 Py_TYPE(as_object(capsule))->tp_name);
    return false;
}

/// A destructor is optional; one that was given must have a function.
bool check_destructor(const HPyCapsule_Destructor* destructor, const char* function) noexcept {
    if (destructor == nullptr || destructor->impl != nullptr) return true;
    PyErr_Format(PyExc_ValueError,
                 "%s: the destructor has no function. Define it with HPyCapsule_DESTRUCTOR.",
                 function);
    return false;
}

HPyFunc_CAPSULE_DESTRUCTOR_t impl_of(const HPyCapsule_Destructor* destructor) noexcept {
    return destructor != nullptr ? destructor->impl : nullptr;
}

} // namespace

HPy ctx_Capsule_New(HPyContext*, void* pointer, const char* utf8_name,
                    HPyCapsule_Destructor* destructor) noexcept {
    if (!check_destructor(destructor, "HPyCapsule_New")) return kNullHandle;
    std::unique_ptr<Note> note(new (std::nothrow) Note{nullptr, impl_of(destructor)});
    if (note == nullptr) {
        PyErr_NoMemory();
        return kNullHandle;
    }
    // The destructor is set last: if a step before fails, the extension's is not called.
    Ref capsule(PyCapsule_New(pointer, utf8_name, nullptr));
    if (!capsule || PyCapsule_SetContext(capsule.get(), note.get()) != 0 ||
        PyCapsule_SetDestructor(capsule.get(), &release) != 0) {
        return kNullHandle;
    }
    static_cast<void>(note.release()); // the capsule owns it now
    return as_handle(capsule.release());
}

void* ctx_Capsule_Get(HPyContext*, HPy capsule, _HPyCapsule_key key,
                      const char* utf8_name) noexcept {
    if (!check_capsule(capsule, "HPyCapsule_Get")) return nullptr;
    PyObject* const object = as_object(capsule);
    switch (key) {
    case HPyCapsule_key_Pointer:
        return PyCapsule_GetPointer(object, utf8_name);
    case HPyCapsule_key_Name:
        return const_cast<char*>(PyCapsule_GetName(object));
    case HPyCapsule_key_Context: {
        const Note* const note = note_of(object);
        return note != nullptr ? note->context : PyCapsule_GetContext(object);
    }
    case HPyCapsule_key_Destructor:
        break;
    }
    PyErr_Format(
        PyExc_ValueError,
        "HPyCapsule_Get: key %d cannot be read; use HPyCapsule_key_Pointer, _Name or _Context.",
        static_cast<int>(key));
    return nullptr;
}

int ctx_Capsule_IsValid(HPyContext*, HPy capsule, const char* utf8_name) noexcept {
    return PyCapsule_IsValid(as_object(capsule), utf8_name);
}

namespace {

int set_destructor(PyObject* capsule, const HPyCapsule_Destructor* destructor) noexcept {
    if (!check_destructor(destructor, "HPyCapsule_Set")) return -1;
    Note* const note = note_of(capsule);
    if (note == nullptr) {
        PyErr_SetString(PyExc_ValueError, "HPyCapsule_Set: the capsule was not made by HPy; its "
                                          "destructor cannot be an HPy function.");
        return -1;
    }
    note->destructor = impl_of(destructor);
    return 0;
}

} // namespace

int ctx_Capsule_Set(HPyContext*, HPy capsule, _HPyCapsule_key key, void* value) noexcept {
    if (!check_capsule(capsule, "HPyCapsule_Set")) return -1;
    PyObject* const object = as_object(capsule);
    switch (key) {
    case HPyCapsule_key_Pointer:
        return PyCapsule_SetPointer(object, value);
    case HPyCapsule_key_Name:
        return PyCapsule_SetName(object, static_cast<const char*>(value));
    case HPyCapsule_key_Context: {
        Note* const note = note_of(object);
        if (note == nullptr) return PyCapsule_SetContext(object, value);
        note->context = value;
        return 0;
    }
    case HPyCapsule_key_Destructor:
        return set_destructor(object, static_cast<const HPyCapsule_Destructor*>(value));
    }
    PyErr_Format(PyExc_ValueError,
                 "HPyCapsule_Set: unknown key %d; use a value of _HPyCapsule_key.",
                 static_cast<int>(key));
    return -1;
}

} // namespace hpystate::context
