/// stress/faults_memory.cpp: allocations that fail in import, store, first use and teardown.
///
/// The process runs itself again with tests/faults/failing_malloc.c before malloc, and without the
/// GIL with python_memory.c before Python's own allocator. In each
/// interpreter one allocation fails at every step: the runtime's state is made, a module is made
/// and executed, its globals are filled, first values are made, it is worked with, and the
/// interpreter ends. A step that fails raises MemoryError and nothing else, and succeeds when it is
/// done again. Which allocation it is goes up from interpreter to interpreter, on many threads at
/// once.
#include "globals/gil.h"
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"
#include "tests/faults/python_memory.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>
#include <oneapi/tbb/task_group.h>
#include <unistd.h>

namespace hpystate::stress {

namespace {

/// The functions of failing_malloc.so.
struct Control {
    void (*fail_at)(long, int);
    long (*taken)();
    void (*spare_last)();

    static Control find() {
        return {reinterpret_cast<void (*)(long, int)>(dlsym(RTLD_DEFAULT, "fail_at")),
                reinterpret_cast<long (*)()>(dlsym(RTLD_DEFAULT, "taken")),
                reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "spare_last"))};
    }
};

Control control; // set before there are threads

/// Each step as a function without arguments. The steps `state` and `make` set `native` and
/// `module`; which ones there are is the face's (options.h).
constexpr const char* kBegin = R"(
import importlib.machinery, importlib.util, sys
key = int(key)
# Two, since CPython executes a module object once, whatever became of it; made with memory, since
# 3.13 forgets the exception where it has none for that.
def two_of(name, file):
    loader = importlib.machinery.ExtensionFileLoader(name, file)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    return loader, [importlib.util.module_from_spec(spec) for _ in range(2)]
native = module = None
# Made before memory fails: where there is none for a function, CPython 3.12 and 3.13 release its
# code object once too often.
give_key, give_none = lambda: key, lambda: None
give_call, give_table = lambda: give_key, lambda: table
table = dict.fromkeys(range(8), key)
)";

constexpr const char* kState = R"(
# hpystate_import() imports "hpystate._native", which imports "hpystate" first. The package would
# be code in Python, which has the fault above.
sys.modules["hpystate"] = type(sys)("hpystate")
native_loader, natives = two_of("hpystate._native", native_file)
def state():
    global native
    native = natives.pop()
    native_loader.exec_module(native)
    sys.modules["hpystate._native"] = native
)";

constexpr const char* kMakeHpy = R"(
file_spec = importlib.machinery.ModuleSpec("overwrite", None, origin=path)
file_spec.has_location = True
def make():
    global module
    file, _ = native.inspect("overwrite", path)
    module = native.create(file, file_spec, "universal", None)
    native.execute(module)
)";

constexpr const char* kMakePlain = R"(
loader, candidates = two_of("overwrite", path)
def make():
    global module
    module = candidates.pop()
    loader.exec_module(module)
)";

constexpr const char* kRest = R"(
def store():
    module.begin(key, give_key, table, give_none)

def use():
    module.touch(3, key)
    module.write(20, 8, key, give_call, give_table)

def first():
    module.first(30, 5, key)

def work(n, seed, key):
    return module.read(n, 1, key)

items = dict.fromkeys("abcde")
def grow():
    items.setdefault("f")
def grown_wrongly():
    return int("f" not in items and len(items) == 6)
)";
constexpr std::array kSteps = {"state", "make", "store", "use", "first"};

[[nodiscard]] std::string code_of(Face face) {
    return std::string(kBegin) + (face != Face::kEmbed ? kState : "") +
           (face == Face::kHpy ? kMakeHpy : kMakePlain) + kRest;
}

class Memory {
  public:
    Memory(const Options& options, Tally& tally)
        : options_(options), tally_(tally), file_(options.extension("overwrite")),
          code_(code_of(options.face)), first_step_(options.face == Face::kEmbed ? 1 : 0) {}

    void run() {
        if (options_.face != Face::kEmbed) native_file_ = find_native();
        spare_what_cpython_gets_wrong();
        live_and_end(0, 0); // none fails: how many allocations each step makes
        oneapi::tbb::task_group group;
        for (unsigned task = 0; task < options_.threads; ++task) {
            group.run([this] {
                try {
                    while (!tally_.time_is_up()) {
                        const std::uint64_t number = next_.fetch_add(1);
                        live_and_end(number, number);
                    }
                } catch (const PythonError& error) {
                    tally_.fail(error.what());
                }
            });
        }
        group.wait();
        for (std::size_t step = first_step_; step < kSteps.size(); ++step) {
            tally_.note(std::string("allocations of ") + kSteps[step],
                        static_cast<double>(counts_[step].load()));
            tally_.expect(counts_[step] > 0, "no allocation was counted");
        }
        tally_.expect(tally_.count("failed") > 0, "no allocation failed");
    }

  private:
    static std::string find_native() {
        const Attached attached(PyInterpreterState_Main());
        const Object scope = stress::run("import hpystate._native as n\nfile = n.__file__");
        const Object file = item(scope, "file");
        return PyUnicode_AsUTF8(file.get());
    }

    Object prepare(std::uint64_t key) {
        return stress::run(
            code_.c_str(),
            {{"path", file_}, {"native_file", native_file_}, {"key", std::to_string(key)}});
    }

    /// 3.13.0's setdefault counts an item that there was no memory for, and the dict crashes when
    /// it grows the next time. Types are made with it, so on that version allocations for tables of
    /// dicts never fail. Without the GIL, the arrays of lists: python_memory.h.
    void spare_what_cpython_gets_wrong() {
        const Attached attached(PyInterpreterState_Main());
        const Object scope = prepare(0);
        const Object grow = item(scope, "grow");
        control.fail_at(1, 0);
        PyObject* const result = PyObject_CallNoArgs(grow.get());
        control.taken();
        Py_XDECREF(result);
        PyErr_Clear();
        if (call_number(item(scope, "grown_wrongly").get()) != 0) control.spare_last();
        if (spare_arrays_of_lists() < 0) static_cast<void>(stress::checked(nullptr));
    }

    /// The n-th allocation of each step fails, counted round by its number of allocations.
    void live_and_end(std::uint64_t key, std::uint64_t n) {
        Interpreter interpreter((key & 1) != 0 ? Gil::kOwn : Gil::kShared);
        {
            const Attached attached(interpreter.state());
            arm_exit(n);
            const Object scope = prepare(key);
            for (std::size_t step = first_step_; step < kSteps.size(); ++step)
                attempt(item(scope, kSteps[step]), step, n);
            const Found found = call_work(item(scope, "work").get(), 2000, 1, key);
            tally_.add("checked", found.checked);
            tally_.add("wrong", found.wrong);
        }
        interpreter.end();
        control.taken(); // what the exit callback armed
        settle(tally_, file_, key);
        tally_.add("interpreters");
    }

    void attempt(const Object& function, std::size_t step, std::uint64_t n) {
        const auto clean = static_cast<std::uint64_t>(counts_[step].load());
        control.fail_at(n == 0 ? 0 : static_cast<long>(1 + (n - 1) % (clean + 2)), 0);
        PyObject* const result = PyObject_CallNoArgs(function.get());
        const long count = control.taken();
        tally_.add("attempts");
        if (n == 0) counts_[step] = count;
        if (result != nullptr) {
            Py_DECREF(result);
            return;
        }
        tally_.add("failed");
        if (PyErr_ExceptionMatches(PyExc_MemoryError) != 0) {
            PyErr_Clear();
        } else {
            try {
                static_cast<void>(stress::checked(nullptr));
            } catch (const PythonError& error) {
                tally_.fail(std::string(kSteps[step]) + ", allocation " + std::to_string(n) + ": " +
                            error.what());
            }
        }
        static_cast<void>(stress::checked(PyObject_CallNoArgs(function.get()))); // with memory
    }

    /// An exit callback that runs before hpystate's: an allocation fails from there on.
    static void arm_exit(std::uint64_t n) {
        const auto fail = [](void* number) {
            control.fail_at(static_cast<long>(reinterpret_cast<std::uintptr_t>(number)), 0);
        };
        void* const number = reinterpret_cast<void*>(n == 0 ? 0 : 1 + (n - 1) % 8);
#if PY_VERSION_HEX >= 0x030D0000
        PyUnstable_AtExit(PyInterpreterState_Get(), fail, number);
#else
        _Py_AtExit(PyInterpreterState_Get(), fail, number);
#endif
    }

    const Options& options_;
    Tally& tally_;
    std::string file_;
    std::string native_file_; ///< empty: the package is not loaded
    std::string code_;
    std::size_t first_step_; ///< of kSteps: an extension with hpystate::embed has no `state`
    std::array<std::atomic<long>, kSteps.size()> counts_{};
    std::atomic<std::uint64_t> next_{1};
};

/// Runs this program again, with those functions in front of malloc; does not return.
[[noreturn]] void run_preloaded(const Options& options) {
    const std::string preload = (options.extensions / "failing_malloc.so").string();
    // No other thread reads the environment: Python is not initialized yet.
    setenv("LD_PRELOAD", preload.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
    if constexpr (!kNoGil) {
        setenv("PYTHONMALLOC", "malloc", 1); // NOLINT(concurrency-mt-unsafe)
    }
    const std::string seed = std::to_string(options.seed);
    const std::string seconds = std::to_string(options.seconds);
    const std::string threads = std::to_string(options.threads);
    execl("/proc/self/exe", "stress", "--only", options.scenario.c_str(), "--seed", seed.c_str(),
          "--seconds", seconds.c_str(), "--threads", threads.c_str(), nullptr);
    _exit(127); // execl failed
}

} // namespace

void faults_memory(const Options& options, Tally& tally) {
    control = Control::find();
    if (control.fail_at == nullptr) run_preloaded(options);
    start_python();
    stand_in_front();
    Memory(options, tally).run();
}

} // namespace hpystate::stress
