/// tests/model/standin/interpreters.cpp: the stand-in: locks, lists and lifetimes of interpreters.
///
/// Long: one stand-in; its locks and lists are one state.
///
/// Not under test itself: its own words are plain and touched at steps only, its locks are the
/// model's. With a GIL, attaching is to lock the interpreter's. Without, each thread has a lock of
/// its own that an attached thread holds: whoever stops the world, or ends the interpreter, takes
/// all.
#include "tests/model/standin/interpreters.h"

#include "tests/model/engine.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <new>
#include <utility>

struct _is {
    std::int64_t id;
    bool alive;                                           ///< CPython knows its id
    bool ending;                                          ///< nobody may attach any more, but
    std::size_t ender;                                    ///< the thread that ends it
    bool cleared;                                         ///< sys.modules is gone
    std::array<char, hpystate::model::kMaxThreads> locks; ///< their addresses stand for mutexes
    struct Callback {
        void (*run)(void*);
        void* data;
    };
    std::array<Callback, 4> callbacks;
    std::size_t callback_count;
    PyObject* tracked;
    PyObject modules;     ///< stands for sys.modules; never dies
    PyObject* dict_value; ///< what the interpreter's dict holds
};

namespace hpystate::model {

namespace {

struct NamedObject {
    PyObject base;
    const char* name;
    void (*finalize)();
    std::intptr_t payload;
};

struct Capsule {
    PyObject base;
    void* pointer;
    destructor end;
};

/// Of one execution.
struct Python {
    std::array<PyInterpreterState*, 4> interpreters;
    std::size_t interpreter_count;
    std::int64_t next_id;
    std::array<PyThreadState, kMaxThreads> threads;
    struct Raised {
        PyObject* type; ///< nullptr: no exception is set. It stands for the exception, too
        std::array<char, 256> message;
    };
    std::array<Raised, kMaxThreads> raised;
    std::array<PyInterpreterState*, kMaxThreads> left; ///< by a thread that means to come back
    std::array<const NamedObject*, 16> objects;
    std::size_t object_count;
    std::size_t living;
    char list_lock; ///< CPython's own, over its list of interpreters
    void (*handler)();
    std::array<std::uint32_t, kMaxThreads> signals; ///< that a handler is to run for
    PyTypeObject object_type;
    PyTypeObject capsule_type;
};

Python python;

std::uintptr_t lock_of(const PyInterpreterState* interpreter, std::size_t thread) {
#ifdef Py_GIL_DISABLED
    return reinterpret_cast<std::uintptr_t>(&interpreter->locks[thread]);
#else
    static_cast<void>(thread);
    return reinterpret_cast<std::uintptr_t>(&interpreter->locks[0]);
#endif
}

std::uintptr_t list_lock() {
    return reinterpret_cast<std::uintptr_t>(&python.list_lock);
}

void leave(PyThreadState& state) {
    unlock(lock_of(std::exchange(state.interp, nullptr), current_thread()));
}

void free_memory(void* memory) {
    static_cast<void>(release(memory));
}

void finalize_object(PyObject* object) {
    auto* const named = reinterpret_cast<NamedObject*>(object);
    if (named->finalize != nullptr) named->finalize();
    --python.living;
    free_memory(object);
}

void end_capsule(PyObject* object) {
    if (destructor end = reinterpret_cast<Capsule*>(object)->end) end(object);
    free_memory(object);
}

/// The last collection takes a tracked object for garbage that shows a reference to itself.
void collect_at_end(PyInterpreterState* interpreter) {
    PyObject* const tracked = interpreter->tracked;
    if (tracked == nullptr) return;
    const auto is_itself = [](PyObject* object, void* tracked) {
        return object == tracked ? 1 : 0;
    };
    PyTypeObject* const type = Py_TYPE(tracked);
    if (type->tp_traverse(tracked, is_itself, tracked) == 0) return;
    Py_INCREF(tracked);
    type->tp_finalize(tracked);
    Py_DECREF(tracked);
}

/// Locks or unlocks out all threads but the calling one.
template <typename Action>
void for_others([[maybe_unused]] PyInterpreterState* interpreter, [[maybe_unused]] Action action) {
#ifdef Py_GIL_DISABLED
    for (std::size_t thread = 1; thread < kMaxThreads; ++thread)
        if (thread != current_thread()) action(lock_of(interpreter, thread));
#endif
}

/// Whether a signal waits for the calling thread; from then on one more does, or none.
bool exchange_signal(std::size_t thread, std::uint32_t signal) {
    const auto exchange = [](std::uint64_t, std::uint64_t operand, std::uint64_t,
                             std::uint64_t& value) {
        value = operand;
        return true;
    };
    return atomic_update(reinterpret_cast<std::uintptr_t>(&python.signals[thread]),
                         sizeof(std::uint32_t), exchange, signal, 0, Order::kAcquireRelease,
                         Order::kRelaxed) != 0;
}

} // namespace

void begin_python() {
    new (&python) Python{};
    python.object_type.tp_dealloc = &finalize_object;
    python.object_type.tp_free = &free_memory;
    python.capsule_type.tp_dealloc = &end_capsule;
}

PyInterpreterState* new_interpreter(PyInterpreterState* at) {
    lock(list_lock());
    if (at == nullptr) {
        at = static_cast<PyInterpreterState*>(allocate(sizeof(PyInterpreterState), 64));
        python.interpreters[python.interpreter_count++] = at;
    }
    expect(!at->alive, "an interpreter at the address of a living one");
    at->id = python.next_id++;
    at->alive = true;
    at->ending = false;
    at->cleared = false;
    at->callback_count = 0;
    at->tracked = nullptr;
    at->modules.ob_refcnt = 1'000;
    at->dict_value = nullptr;
    unlock(list_lock());
    return at;
}

bool attach(PyInterpreterState* interpreter) {
    lock(lock_of(interpreter, current_thread()));
    const bool mine = interpreter->alive && interpreter->ender == current_thread();
    if (interpreter->ending && !mine) {
        unlock(lock_of(interpreter, current_thread()));
        return false;
    }
    python.threads[current_thread()].interp = interpreter;
    return true;
}

void detach() {
    const Python::Raised& raised = python.raised[current_thread()];
    if (raised.type != nullptr) fail(std::string("an exception: ") + raised.message.data());
    leave(python.threads[current_thread()]);
}

void switch_threads() {
    PyEval_RestoreThread(PyEval_SaveThread());
}

PyObject* take_exception() {
    return PyErr_GetRaisedException();
}

void set_handler(void (*handler)()) {
    python.handler = handler;
}

void send_signal(std::size_t thread) {
    static_cast<void>(exchange_signal(thread, 1));
}

bool has_signal() {
    const auto look = [](std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t&) {
        return false; // reads the newest
    };
    return python.handler != nullptr &&
           atomic_update(reinterpret_cast<std::uintptr_t>(&python.signals[current_thread()]),
                         sizeof(std::uint32_t), look, 0, 0, Order::kRelaxed, Order::kRelaxed) != 0;
}

void end_interpreter(PyInterpreterState* interpreter, void (*last)(), ExitCallbacks callbacks,
                     void (*early)()) {
    expect(attach(interpreter), "an interpreter ends once");
    for_others(interpreter, &lock);
    interpreter->ending = true;
    interpreter->ender = current_thread();
    // Who waits for something detached would hang in the end; so he may as well wait.
    for (std::size_t thread = 1; thread < kMaxThreads; ++thread)
        if (python.left[thread] == interpreter) excuse(thread);
    for_others(interpreter, &unlock);
    if (early != nullptr) early();
    interpreter->cleared = true;
    Py_XDECREF(std::exchange(interpreter->dict_value, nullptr));
    for (std::size_t i = interpreter->callback_count; i-- > 0;) {
        if (callbacks == ExitCallbacks::kLost) break;
        interpreter->callbacks[i].run(interpreter->callbacks[i].data);
    }
    collect_at_end(interpreter);
    if (last != nullptr) last();
    lock(list_lock());
    interpreter->alive = false;
    unlock(list_lock());
    detach();
}

void collect() {
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
    for_others(interpreter, &lock);
    if (PyObject* const tracked = interpreter->tracked) {
        Py_TYPE(tracked)->tp_traverse(
            tracked,
            [](PyObject* object, void*) {
                if (Py_TYPE(object) == &python.object_type) use(object);
                return 0;
            },
            nullptr);
    }
    for_others(interpreter, &unlock);
}

PyObject* new_object(const char* name, void (*finalize)()) {
    auto* const object = static_cast<NamedObject*>(allocate(sizeof(NamedObject)));
    object->base.ob_type = &python.object_type;
    object->name = name;
    object->finalize = finalize;
    python.objects[python.object_count++] = object;
    ++python.living;
    // What a loader finds only if it knows what was written before the object was handed out.
    plain_access(reinterpret_cast<std::uintptr_t>(&object->payload), sizeof(object->payload),
                 Access::kWrite);
    object->payload = 1;
    Py_INCREF(&object->base);
    return &object->base;
}

void use(PyObject* object) {
    const auto* const named = reinterpret_cast<const NamedObject*>(object);
    plain_access(reinterpret_cast<std::uintptr_t>(&named->payload), sizeof(named->payload),
                 Access::kRead);
    expect(named->payload == 1, "an object's content");
}

std::size_t living_objects() {
    return python.living;
}

std::string describe_python(std::uintptr_t address) {
    for (std::size_t i = 0; i < python.object_count; ++i) {
        const auto* const object = python.objects[i];
        const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(object);
        if (address == first) return std::string("object ") + object->name;
        if (address > first && address < first + sizeof(NamedObject)) {
            return std::string("a word of object ") + object->name;
        }
    }
    for (std::size_t i = 0; i < python.interpreter_count; ++i) {
        const auto first = reinterpret_cast<std::uintptr_t>(python.interpreters[i]);
        const std::string name = "interpreter " + std::string(1, static_cast<char>('X' + i));
        if (address == first) return name;
        if (address > first && address < first + sizeof(PyInterpreterState)) {
            return "the lock of " + name;
        }
    }
    return address == list_lock() ? "CPython's list of interpreters" : "";
}

} // namespace hpystate::model

// ---- the functions of CPython ------------------------------------------------------------------

using hpystate::model::current_thread;
using hpystate::model::python;

extern "C" {

PyObject hpystate_model_none{};
PyObject hpystate_model_exceptions[4]{};
PyObject* PyExc_RuntimeError = &hpystate_model_exceptions[0];
PyObject* PyExc_SystemError = &hpystate_model_exceptions[1];
PyObject* PyExc_ValueError = &hpystate_model_exceptions[2];
PyObject* PyExc_KeyboardInterrupt = &hpystate_model_exceptions[3];

void _Py_Dealloc(PyObject* object) {
    Py_TYPE(object)->tp_dealloc(object);
}

PyThreadState* PyThreadState_GetUnchecked() {
    PyThreadState& state = python.threads[current_thread()];
    return state.interp != nullptr ? &state : nullptr;
}

PyInterpreterState* PyInterpreterState_Get() {
    return PyThreadState_GetUnchecked()->interp;
}

std::int64_t PyInterpreterState_GetID(PyInterpreterState* interpreter) {
    return interpreter->id;
}

PyInterpreterState* _PyInterpreterState_LookUpID(std::int64_t id) {
    hpystate::model::lock(hpystate::model::list_lock());
    PyInterpreterState* found = nullptr;
    for (std::size_t i = 0; i < python.interpreter_count; ++i) {
        PyInterpreterState* const one = python.interpreters[i];
        if (one->alive && one->id == id) found = one;
    }
    hpystate::model::unlock(hpystate::model::list_lock());
    return found;
}

int Py_IsFinalizing() {
    return 0; // no interpreter of the model is the main one
}
int _Py_IsInterpreterFinalizing(PyInterpreterState* interpreter) {
    return interpreter->ending ? 1 : 0;
}

int PyUnstable_AtExit(PyInterpreterState* interpreter, void (*callback)(void*), void* data) {
    interpreter->callbacks[interpreter->callback_count++] = {callback, data};
    return 0;
}

PyObject* PyInterpreterState_GetDict(PyInterpreterState* interpreter) {
    return &interpreter->modules; // a dict like any other; only its address is handed on
}

int PyDict_SetItemString(PyObject*, const char*, PyObject* value) {
    Py_INCREF(value);
    Py_XDECREF(std::exchange(PyInterpreterState_Get()->dict_value, value));
    return 0;
}

PyObject* PyCapsule_New(void* pointer, const char*, void (*end)(PyObject*)) {
    auto* const capsule = static_cast<hpystate::model::Capsule*>(
        hpystate::model::allocate(sizeof(hpystate::model::Capsule)));
    capsule->base.ob_type = &python.capsule_type;
    capsule->base.ob_refcnt = 1;
    capsule->pointer = pointer;
    capsule->end = end;
    return &capsule->base;
}

void* PyCapsule_GetPointer(PyObject* capsule, const char*) {
    return reinterpret_cast<hpystate::model::Capsule*>(capsule)->pointer;
}

int PyCapsule_SetDestructor(PyObject* capsule, void (*end)(PyObject*)) {
    reinterpret_cast<hpystate::model::Capsule*>(capsule)->end = end;
    return 0;
}

int PySys_GetOptionalAttrString(const char*, PyObject** value) {
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
    if (interpreter->cleared) return 0;
    *value = Py_NewRef(&interpreter->modules);
    return 1;
}

#ifdef Py_GIL_DISABLED
void PyMutex_Lock(PyMutex* mutex) {
    hpystate::model::lock(reinterpret_cast<std::uintptr_t>(mutex));
}
void PyMutex_Unlock(PyMutex* mutex) {
    hpystate::model::unlock(reinterpret_cast<std::uintptr_t>(mutex));
}
#endif

PyObject* PyErr_GetRaisedException() {
    return std::exchange(python.raised[current_thread()].type, nullptr);
}
void PyErr_SetRaisedException(PyObject* raised) {
    python.raised[current_thread()].type = raised;
}
PyObject* PyErr_Occurred() {
    return python.raised[current_thread()].type;
}
PyObject* PyErr_NoMemory() {
    hpystate::model::fail("there is memory in the model, but MemoryError was raised");
}
PyObject* PyErr_Format(PyObject* type, const char* format, ...) {
    auto& raised = python.raised[current_thread()];
    raised.type = type;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(raised.message.data(), raised.message.size(), format, arguments);
    va_end(arguments);
    return nullptr;
}
void PyErr_SetString(PyObject* type, const char* message) {
    PyErr_Format(type, "%s", message);
}

int Py_MakePendingCalls() {
    hpystate::model::expect(PyThreadState_GetUnchecked() != nullptr, "handlers run attached");
    if (hpystate::model::exchange_signal(current_thread(), 0)) python.handler();
    return PyErr_Occurred() != nullptr ? -1 : 0;
}
void PyException_SetContext(PyObject*, PyObject*) {
    hpystate::model::fail("no exception is in flight where the model waits");
}

PyThreadState* PyEval_SaveThread() {
    PyThreadState& state = python.threads[current_thread()];
    python.left[current_thread()] = state.interp;
    hpystate::model::leave(state);
    return &state;
}
void PyEval_RestoreThread(PyThreadState*) {
    PyInterpreterState* const interpreter = std::exchange(python.left[current_thread()], nullptr);
    if (!hpystate::model::attach(interpreter)) hpystate::model::hang();
}

PyObject* PyImport_ImportModule(const char*) {
    hpystate::model::fail("there is nothing to import in the model");
}
PyObject* PyObject_GetAttrString(PyObject*, const char*) {
    hpystate::model::fail("objects of the model have no attributes");
}

PyObject* PyType_FromSpec(PyType_Spec* spec) {
    auto* const type = static_cast<PyTypeObject*>(hpystate::model::allocate(sizeof(PyTypeObject)));
    type->tp_free = &hpystate::model::free_memory;
    type->ob_base.ob_refcnt = 2; // the caller's, and one for ever: types are not what is modelled
    for (const PyType_Slot* slot = spec->slots; slot->slot != 0; ++slot) {
        if (slot->slot == Py_tp_dealloc)
            type->tp_dealloc = reinterpret_cast<destructor>(slot->pfunc);
        if (slot->slot == Py_tp_finalize)
            type->tp_finalize = reinterpret_cast<destructor>(slot->pfunc);
        if (slot->slot == Py_tp_traverse) {
            type->tp_traverse = reinterpret_cast<traverseproc>(slot->pfunc);
        }
    }
    return &type->ob_base;
}

PyObject* hpystate_model_gc_new(PyTypeObject* type, std::size_t size) {
    auto* const object = static_cast<PyObject*>(hpystate::model::allocate(size));
    object->ob_type = type;
    object->ob_refcnt = 1;
    Py_INCREF(type);
    return object;
}

void PyObject_GC_Track(void* object) {
    PyInterpreterState_Get()->tracked = static_cast<PyObject*>(object);
}
void PyObject_GC_UnTrack(void* object) {
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
    if (interpreter->tracked == object) interpreter->tracked = nullptr;
}
}
