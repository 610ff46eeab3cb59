/// stress/faults_thread.cpp: threads that CPython ends while they are inside an extension.
///
/// Python ends while threads are in an extension: they work, overwrite, wait for each other's first
/// values, and call back into Python. When they want to go on in Python they are unwound by
/// pthread_exit (3.12, 3.13) or hang (3.14). The process must end with status 0, every time. It is
/// the main interpreter: threads that are left in a subinterpreter are a fatal error of CPython's
/// before 3.14, and from then on a third of such processes crash in plain Python too
/// (docs/cpython-faults.md). Each try is a process of its own.
///
/// Without the GIL Py_FinalizeEx of CPython 3.13 may wait for ever: a lock of CPython's (of types,
/// of a bucket of reference counts) is handed to a thread that waited long for it, and one that may
/// not go on any more keeps it. So the main thread of a process that hangs inspects its own stack:
/// a wait in CPython with no frame of hpystate or an extension in between is counted, but not as
/// passed; any other is a failure. The same with plain Python, which shows the same now and then,
/// is run beside it.
#include "globals/gil.h"
#include "stress/child.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <unistd.h>

namespace hpystate::stress {

namespace {

constexpr std::uint64_t kLeast = 6; ///< processes, of which few may hang in CPython
constexpr double kLimit = 30;       ///< seconds for a process that takes a tenth of one
constexpr unsigned kLimitOfEnd = 8;

constexpr const char* kCode = R"(
import hpystate, time
module = hpystate.load("overwrite", path)
class Callable:
    def __call__(self):
        return 1
    def __del__(self):
        module.touch(3, 1)
class Table:
    def __getitem__(self, index):
        return 1
module.begin(1, Callable(), Table(), lambda: time.sleep(0))
def write(n, seed, key):
    return module.write(n, seed, key, Callable, Table)
read, first = module.read, module.first
)";

/// The control: types, and objects that threads share.
constexpr const char* kPlain = R"(
shared = [None] * 16
def write(n, seed, key):
    for i in range(n):
        shared[(seed + i) % 16] = type("T", (), {})()
    return n, 0
def read(n, seed, key):
    for i in range(n):
        type(shared[(seed + i) % 16]).__name__
    return n, 0
first = read
)";

/// How far a process came.
enum Stage : std::uint64_t { kThreadsStart, kEnds, kEnded, kStuckInPython, kStuckInOurs };

/// Of the process; its threads are not joined, so it is never destroyed.
struct Shared {
    std::array<PyObject*, 3> functions{};
    std::atomic<unsigned> inside{0};
    std::atomic<unsigned long long> checked{0};
    std::atomic<unsigned long long> wrong{0};
    ChildReport* report = nullptr; ///< for the alarm
    pthread_t main{};
};
Shared shared;

/// Calls a function until the thread is ended. No object with a destructor on this stack: it may be
/// unwound, and then nothing of Python may be touched.
void* work_until_the_end(void* number) {
    const auto at = reinterpret_cast<std::uintptr_t>(number);
    PyEval_RestoreThread(PyThreadState_New(PyInterpreterState_Main()));
    shared.inside.fetch_add(1);
    for (unsigned long long seed = at + 1;; ++seed) {
        PyObject* const answer =
            PyObject_CallFunction(shared.functions[at % 3], "iKi", 200, seed * 977, 1);
        long long checked = 0;
        long long wrong = 1;
        if (answer == nullptr || PyArg_ParseTuple(answer, "LL", &checked, &wrong) == 0) {
            // Python is half gone: `time.sleep` may be missing, which is not a fault.
            PyErr_Clear();
            wrong = 0;
        }
        Py_XDECREF(answer);
        shared.checked.fetch_add(static_cast<unsigned long long>(checked));
        shared.wrong.fetch_add(static_cast<unsigned long long>(wrong));
        // Where all first values are made no Python code runs, and CPython waits for a thread that
        // it cannot stop: without the GIL all others do.
        PyEval_RestoreThread(PyEval_SaveThread());
    }
    return nullptr;
}

void report_counts() {
    shared.report->checked = shared.checked.load();
    shared.report->wrong = shared.wrong.load();
}

/// Whether a frame of hpystate's or an extension's is on this thread's stack.
bool is_inside_ours() {
    std::array<void*, 64> frames{};
    const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
    for (int i = 0; i < count; ++i) {
        Dl_info info{};
        if (dladdr(frames[i], &info) == 0 || info.dli_fname == nullptr) continue;
        if (strstr(info.dli_fname, "_native.") != nullptr ||
            strstr(info.dli_fname, ".hpy0.so") != nullptr)
            return true;
    }
    return false;
}

/// The handler of the alarm. The process hangs, so no thread holds what is used here.
void report_where_it_hangs(int) {
    if (pthread_equal(pthread_self(), shared.main) == 0) {
        pthread_kill(shared.main, SIGALRM);
        return;
    }
    report_counts();
    shared.report->stage = is_inside_ours() ? kStuckInOurs : kStuckInPython;
    _exit(96);
}

void watch_the_end(ChildReport& report) {
    shared.report = &report;
    shared.main = pthread_self();
    if constexpr (!kNoGil) return;
    static_cast<void>(is_inside_ours()); // loads what it needs
    std::signal(SIGALRM, &report_where_it_hangs);
    alarm(kLimitOfEnd);
}

int end_with_threads(const std::string& file, unsigned threads, Random random,
                     ChildReport& report) {
    start_python();
    {
        const Attached attached(PyInterpreterState_Main());
        const Object scope = file.empty() ? run(kPlain) : run(kCode, {{"path", file}});
        std::size_t i = 0;
        for (const char* const name : {"read", "write", "first"})
            shared.functions[i++] = item(scope, name).release();
    }
    for (std::uintptr_t i = 0; i < threads; ++i) {
        pthread_t thread{};
        if (pthread_create(&thread, nullptr, &work_until_the_end, reinterpret_cast<void*>(i)) != 0)
            return 98;
        pthread_detach(thread);
    }
    while (shared.inside.load() < threads)
        usleep(200);
    usleep(static_cast<useconds_t>(1000 + random.below(20'000)));
    report.stage = kEnds;
    watch_the_end(report);
    const int status = end_python();
    report.stage = kEnded;
    report_counts();
    return status == 0 ? 0 : 97;
}

/// Runs one process; without a file it is the control.
void end_once(const Options& options, const std::string& file, std::uint64_t number, Tally& tally) {
    std::uint64_t stage = 0;
    const ChildEnd end = run_child(
        tally, kLimit,
        [&](ChildReport& report) {
            return end_with_threads(file, options.threads + 2, Random(options.seed, number),
                                    report);
        },
        &stage);
    const std::string of = file.empty() ? " without hpystate" : "";
    tally.add("processes" + of);
    if (end.how == Ended::kWell) {
        tally.add("ended" + of);
    } else if (stage == kStuckInPython) {
        tally.add("stuck in Py_FinalizeEx" + of);
    } else if (!file.empty()) {
        tally.fail("a process whose threads were inside an extension " + end.text() +
                   (stage == kEnds ? ", in Py_FinalizeEx" : "") +
                   (stage == kStuckInOurs ? ": it hangs in Py_FinalizeEx, in hpystate" : ""));
    }
}

} // namespace

void faults_thread(const Options& options, Tally& tally) {
    const std::string file = options.extension("overwrite");
    Tally control(options); // what it checks is not ours to count
    for (std::uint64_t number = 0; number < kLeast || !tally.time_is_up(); ++number) {
        end_once(options, file, number, tally);
        if constexpr (kNoGil) end_once(options, "", number, control);
    }
    for (const char* const name : {"processes", "ended", "stuck in Py_FinalizeEx"}) {
        const std::string of = std::string(name) + " without hpystate";
        if (control.count(of) != 0) tally.add(of, control.count(of));
    }
    tally.expect(tally.count("ended") > tally.count("stuck in Py_FinalizeEx"),
                 "at least half of the processes hang in Py_FinalizeEx");
}

} // namespace hpystate::stress
