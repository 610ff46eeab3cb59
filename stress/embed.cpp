/// stress/embed.cpp: the embedding API; every failure is a PythonError.
#include "stress/embed.h"

#include "globals/gil.h"

#include <atomic>
#include <chrono>
#include <mutex>

namespace hpystate::stress {

namespace {

/// Guards making (and on 3.12 ending) interpreters. Taken by threads that are attached to none; the
/// GIL is taken under it, and no thread that holds a GIL waits for it.
std::mutex& interpreters_mutex() {
    static std::mutex mutex;
    return mutex;
}

/// Counted by threads that end interpreters, relaxed: read when they are done.
std::atomic<std::uint64_t>& other_states() {
    static std::atomic<std::uint64_t> count{0};
    return count;
}

/// As other_states(): interpreters at whose end the GIL was on, in a build that can do without.
std::atomic<std::uint64_t>& ended_with_gil() {
    static std::atomic<std::uint64_t> count{0};
    return count;
}

/// Without the GIL nothing that a scenario loads may bring it back, or the run would check little.
/// CPython itself switches it on while an extension is imported, in any interpreter that shares it:
/// that passes. The thread is attached.
void look_at_gil() {
    if constexpr (!kNoGil) return;
    for (int tries = 0; tries < 10'000; ++tries) {
        PyObject* const is_enabled = PySys_GetObject("_is_gil_enabled"); // borrowed
        const Object enabled(is_enabled != nullptr ? PyObject_CallNoArgs(is_enabled) : nullptr);
        if (enabled.get() == Py_False) return;
        PyErr_Clear();
        PyThreadState* const mine = PyEval_SaveThread();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        PyEval_RestoreThread(mine);
    }
    ended_with_gil().fetch_add(1, std::memory_order_relaxed);
}

/// A new thread state, made on this thread, that replaces the interpreter's only one.
PyThreadState* replaced(PyThreadState* first) {
    PyThreadState* const mine = PyThreadState_New(first->interp);
    if (mine == nullptr) Py_FatalError("no memory for the thread state that ends an interpreter");
    PyEval_RestoreThread(mine);
    PyThreadState_Clear(first);
    PyThreadState_Delete(first);
    other_states().fetch_add(1, std::memory_order_relaxed);
    return mine;
}

std::string text_of_exception() {
    const Object raised(PyErr_GetRaisedException());
    const Object traceback(PyImport_ImportModule("traceback"));
    const Object lines(
        traceback.get() == nullptr
            ? nullptr
            : PyObject_CallMethod(traceback.get(), "format_exception", "O", raised.get()));
    const Object empty(PyUnicode_FromString(""));
    const Object text(lines.get() == nullptr || empty.get() == nullptr
                          ? nullptr
                          : PyUnicode_Join(empty.get(), lines.get()));
    const char* const utf8 = text.get() != nullptr ? PyUnicode_AsUTF8(text.get()) : nullptr;
    PyErr_Clear();
    return utf8 != nullptr ? utf8
                           : std::string("an exception of ") + Py_TYPE(raised.get())->tp_name;
}

void require(const PyStatus& status, const char* what) {
    if (PyStatus_Exception(status)) {
        throw PythonError(std::string(what) + ": " +
                          (status.err_msg != nullptr ? status.err_msg : "exit"));
    }
}

} // namespace

Object checked(PyObject* result) {
    if (result == nullptr) throw PythonError(text_of_exception());
    return Object(result);
}

void start_python() {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0;
    config.site_import = 0; // every interpreter would import it
    const PyStatus status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    require(status, "Py_InitializeFromConfig");
    PyEval_SaveThread();
}

int end_python() {
    PyInterpreterState* const main = PyInterpreterState_Main();
    PyThreadState* last = PyInterpreterState_ThreadHead(main);
    while (PyThreadState_Next(last) != nullptr)
        last = PyThreadState_Next(last); // the list begins with the newest
    PyEval_RestoreThread(last);
    look_at_gil();
    return Py_FinalizeEx();
}

Attached::Attached(PyInterpreterState* interpreter) : state_(PyThreadState_New(interpreter)) {
    if (state_ == nullptr) throw PythonError("PyThreadState_New: no memory");
    PyEval_RestoreThread(state_);
}

Attached::~Attached() {
    PyThreadState_Clear(state_);
    PyThreadState_DeleteCurrent();
}

Interpreter::Interpreter(Gil gil) : gil_(gil) {
    PyInterpreterConfig config{};
    config.use_main_obmalloc = gil == Gil::kOwn ? 0 : 1;
    config.allow_threads = 1;
    // Without the GIL CPython lets no interpreter load extensions that do not know of others.
    config.check_multi_interp_extensions = gil == Gil::kOwn || kNoGil ? 1 : 0;
    config.gil = gil == Gil::kOwn ? PyInterpreterConfig_OWN_GIL : PyInterpreterConfig_SHARED_GIL;
    const std::lock_guard lock(interpreters_mutex());
    const Attached main(PyInterpreterState_Main());
    PyThreadState* const mine = PyThreadState_Get();
    const PyStatus status = Py_NewInterpreterFromConfig(&first_, &config);
    if (!PyStatus_Exception(status)) {
        interpreter_ = first_->interp;
        id_ = PyInterpreterState_GetID(interpreter_);
        PyEval_SaveThread();
        PyEval_RestoreThread(mine);
    }
    require(status, "Py_NewInterpreterFromConfig");
}

void Interpreter::end() {
    if (first_ == nullptr) return;
    std::unique_lock<std::mutex> lock(interpreters_mutex(), std::defer_lock);
    if (PY_VERSION_HEX < 0x030D0000) lock.lock();
    PyThreadState* const first = std::exchange(first_, nullptr);
    if (PY_VERSION_HEX >= 0x030E0000 && began_on_ != std::this_thread::get_id()) {
        PyThreadState* const mine = replaced(first);
        look_at_gil();
        Py_EndInterpreter(mine);
        return;
    }
    PyEval_RestoreThread(first);
    look_at_gil();
    Py_EndInterpreter(first);
}

std::uint64_t ended_by_another_state() {
    return other_states().load(std::memory_order_relaxed);
}

std::uint64_t brought_gil_back() {
    return ended_with_gil().load(std::memory_order_relaxed);
}

Object run(const char* code, std::initializer_list<Name> names) {
    Object scope = checked(PyDict_New());
    const Object builtins = checked(PyImport_ImportModule("builtins"));
    PyDict_SetItemString(scope.get(), "__builtins__", builtins.get());
    for (const Name& name : names) {
        const Object text = checked(PyUnicode_DecodeFSDefault(name.text.c_str()));
        PyDict_SetItemString(scope.get(), name.name, text.get());
    }
    static_cast<void>(checked(PyRun_String(code, Py_file_input, scope.get(), scope.get())));
    return scope;
}

Object item(const Object& dict, const char* name) {
    PyObject* const found = PyDict_GetItemString(dict.get(), name);
    if (found == nullptr) throw PythonError(std::string("the Python code did not define ") + name);
    return Object(Py_NewRef(found));
}

Found call_work(PyObject* function, std::uint64_t n, std::uint64_t seed, std::uint64_t key) {
    const Object answer = checked(PyObject_CallFunction(
        function, "KKK", static_cast<unsigned long long>(n), static_cast<unsigned long long>(seed),
        static_cast<unsigned long long>(key)));
    long long loads = 0;
    long long wrong = 0;
    if (!PyArg_ParseTuple(answer.get(), "LL", &loads, &wrong)) {
        static_cast<void>(checked(nullptr));
    }
    return {static_cast<std::uint64_t>(loads), static_cast<std::uint64_t>(wrong)};
}

long long call_number(PyObject* function) {
    const Object answer = checked(PyObject_CallNoArgs(function));
    return PyLong_AsLongLong(answer.get());
}

} // namespace hpystate::stress
