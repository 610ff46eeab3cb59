/// stress/faults_thread.cpp: threads that CPython ends while they are inside an extension.
///
/// Python ends while threads are in an extension: they work, overwrite, wait for each other's first
/// values, and call back into Python. When they want to go on in Python they are unwound by
/// pthread_exit (3.12, 3.13) or hang (3.14). The process must come to its end with status 0, every
/// time. Before 3.14 threads that are left in a subinterpreter are a fatal error of CPython's: so
/// it is the main interpreter here. Each try is a process of its own.
#include "stress/child.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <array>
#include <atomic>
#include <pthread.h>
#include <unistd.h>

namespace hpystate::stress {

namespace {

constexpr double kLimit = 30; ///< seconds for a process that takes a tenth of one

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

/// Of the process; its threads are not joined, so it is never destroyed.
struct Shared {
    std::array<PyObject*, 3> functions{};
    std::atomic<unsigned> inside{0};
    std::atomic<unsigned long long> checked{0};
    std::atomic<unsigned long long> wrong{0};
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
            // Python is half gone: `time.sleep` may not be there any more, and that is no fault.
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

int end_with_threads(const std::string& file, unsigned threads, Random random,
                     ChildReport& report) {
    start_python();
    {
        const Attached attached(PyInterpreterState_Main());
        const Object scope = run(kCode, {{"path", file}});
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
    report.stage = 1;
    const int status = end_python();
    report.stage = 2;
    report.checked = shared.checked.load();
    report.wrong = shared.wrong.load();
    return status == 0 ? 0 : 97;
}

} // namespace

void faults_thread(const Options& options, Tally& tally) {
    const std::string file = options.extension("overwrite");
    for (std::uint64_t number = 0; !tally.time_is_up(); ++number) {
        std::uint64_t stage = 0;
        const ChildEnd end = run_child(
            tally, kLimit,
            [&](ChildReport& report) {
                return end_with_threads(file, options.threads + 2, Random(options.seed, number),
                                        report);
            },
            &stage);
        tally.add("processes");
        tally.expect(end.how == Ended::kWell, "a process whose threads were inside an extension " +
                                                  end.text() +
                                                  (stage == 1 ? ", in Py_FinalizeEx" : ""));
    }
}

} // namespace hpystate::stress
