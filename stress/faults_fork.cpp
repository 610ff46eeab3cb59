/// stress/faults_fork.cpp: fork in a process with interpreters.
///
/// Three cases, each with and without hpystate, each in processes of their own:
///
///   ended     all subinterpreters have ended: CPython lets the child go on, load and end
///   alive     they are alive and idle; other threads know them
///   working   they are alive, and threads load, store and import in them at the moment of the fork
///
/// CPython does not let every child of the last two end well (gh-101437). The control shows which:
/// if it fails, the result with hpystate does not count. In every child that gets that far the main
/// interpreter's values must be there, new ones can be stored, the same file and a new one can be
/// imported.
#include "stress/child.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"
#include "stress/scratch.h"

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace hpystate::stress {

namespace {

constexpr double kLimit = 5; ///< seconds: children often hang here

enum class Case : std::uint8_t { kEnded, kAlive, kWorking };
constexpr std::array kNames = {"ended", "alive", "working"};

constexpr const char* kBegin = R"(
key = int(key)
if path:
    import hpystate
    module = hpystate.load("stressed", path)
    module.begin(key, lambda: key)
    work, begin = module.work, module.begin
else:
    work = lambda n, seed, key: (1, 0)
    begin = lambda key, call: None
)";

/// In the main interpreter. Gives (checked, wrong) of the child, or raises.
constexpr const char* kFork = R"(
import os, sys
def in_child(write_end):
    checked, wrong = work(20000, 3, 1)
    begin(2, lambda: 2)
    more = work(20000, 4, 2)
    if other_path:
        import hpystate
        other = hpystate.load("raising", other_path)
        other.begin(2)
        found = other.work(1000, 1, 2)
        more = more[0] + found[0], more[1] + found[1]
    os.write(write_end, b"%d %d" % (checked + more[0], wrong + more[1]))
    os._exit(0)

def fork(n, seed, key):
    read_end, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            in_child(write_end)
        finally:
            os._exit(status)
    os.close(write_end)
    answer = os.read(read_end, 100)
    status = os.waitpid(process, 0)[1]
    if status != 0:
        raise RuntimeError(f"the forked child ended with status {status}; it wrote {answer!r}")
    return tuple(map(int, answer.split()))
)";

/// An interpreter that a thread works in, until it is told to end.
struct Worker {
    std::unique_ptr<Interpreter> interpreter;
    std::thread thread;
};

class Forking {
  public:
    Forking(const Options& options, Case which, bool without, Random random)
        : which_(which), random_(random),
          file_(without ? std::string() : options.extension("stressed")),
          other_file_(without ? std::string() : options.extension("raising")) {}

    /// The body of a child of the stress program.
    int run(ChildReport& report) {
        start_python();
        Found found;
        {
            std::vector<Worker> workers(3);
            begin(workers);
            if (which_ == Case::kEnded) workers.clear();
            const Attached attached(PyInterpreterState_Main());
            const Object scope = stress::run(kBegin, {{"path", file_}, {"key", "1"}});
            const Object fork = prepare_fork(scope);
            try {
                found = call_work(fork.get(), 0, 0, 0);
            } catch (const PythonError& error) {
                report.fail(error.what());
            }
            report.checked = found.checked;
            report.wrong = found.wrong;
            stop_.store(true);
            PyThreadState* const mine = PyEval_SaveThread();
            for (Worker& worker : workers)
                if (worker.thread.joinable()) worker.thread.join();
            PyEval_RestoreThread(mine);
            _exit(found.checked != 0 ? 0 : 96); // what CPython does at its end is not tested here
        }
    }

  private:
    Object prepare_fork(const Object& scope) {
        Object forking = stress::run(kFork, {{"other_path", other_file_}});
        for (const char* const name : {"work", "begin"})
            PyDict_SetItemString(forking.get(), name, item(scope, name).get());
        return item(forking, "fork");
    }

    void begin(std::vector<Worker>& workers) {
        std::uint64_t key = 10;
        for (Worker& worker : workers) {
            const bool own = ++key % 2 == 0;
            worker.interpreter = std::make_unique<Interpreter>(own ? Gil::kOwn : Gil::kShared);
            PyInterpreterState* const state = worker.interpreter->state();
            { live(state, key, 1); }
            if (which_ != Case::kWorking) continue;
            worker.thread = std::thread([this, state, key] {
                while (!stop_.load())
                    live(state, key, 20);
            });
        }
    }

    /// Loads the file, fills its globals and works, so many times.
    void live(PyInterpreterState* state, std::uint64_t key, int times) {
        const Attached attached(state);
        for (int i = 0; i < times && !stop_.load(); ++i) {
            const Object scope =
                stress::run(kBegin, {{"path", file_}, {"key", std::to_string(key)}});
            static_cast<void>(call_work(item(scope, "work").get(), 500, random_seed_ + key, key));
        }
    }

    Case which_;
    Random random_;
    std::uint64_t random_seed_ = random_.next();
    std::string file_;
    std::string other_file_;
    std::atomic<bool> stop_{false};
};

struct Score {
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
    std::string last;
};

} // namespace

void faults_fork(const Options& options, Tally& tally) {
    std::array<Score, kNames.size()> with;
    std::array<Score, kNames.size()> control;
    for (std::uint64_t round = 0; round == 0 || !tally.time_is_up(); ++round) {
        for (std::size_t i = 0; i < kNames.size(); ++i) {
            if (control[i].bad != 0) continue; // CPython does not let these children end
            for (const bool without : {true, false}) {
                Score& score = without ? control[i] : with[i];
                Tally apart(options); // the problems of a child are judged below
                const ChildEnd end = run_child(apart, kLimit, [&](ChildReport& report) {
                    return Forking(options, static_cast<Case>(i), without,
                                   Random(options.seed, round))
                        .run(report);
                });
                (end.how == Ended::kWell ? score.good : score.bad)++;
                if (end.how != Ended::kWell) score.last = end.text() + apart.first_problem();
                if (without) continue;
                tally.add("checked", apart.count("checked"));
                tally.add("wrong", apart.count("wrong"));
                tally.add("processes");
            }
        }
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const std::string name = kNames[i];
        tally.add("good children, " + name, with[i].good);
        tally.add("good children without hpystate, " + name, control[i].good);
        tally.add("bad children, " + name, with[i].bad);
        tally.add("bad children without hpystate, " + name, control[i].bad);
        tally.expect(with[i].bad == 0 || control[i].bad != 0,
                     "fork, " + name + ": every child without hpystate ended well; with hpystate " +
                         std::to_string(with[i].bad) + " did not: " + with[i].last);
    }
    tally.expect(with[0].bad == 0, "fork after all subinterpreters ended: " + with[0].last);
}

} // namespace hpystate::stress
