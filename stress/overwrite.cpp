/// stress/overwrite.cpp: readers, fused calls and borrows against constant stores; first values.
///
/// In a few interpreters of both kinds many threads read, call and borrow what others overwrite;
/// the old values' destructors use the same slots again. Others ask for first values with
/// initializers that fail, ask for themselves or each other, and are overtaken: each value is made
/// once.
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <array>
#include <memory>
#include <oneapi/tbb/task_group.h>
#include <vector>

namespace hpystate::stress {

namespace {

constexpr const char* kCode = R"(
import sys, time
module = load("overwrite", path)
key = int(key)
sys.setswitchinterval(0.00001)
wrong = []
count = 0

class Callable:
    def __call__(self):
        return key
    def __del__(self):
        global count
        count += 1
        if module.touch(count, key)[1] != 0:
            wrong.append("touch")

class Table:
    def __getitem__(self, index):
        return key
    __del__ = Callable.__del__

module.begin(key, Callable(), Table(), lambda: time.sleep(0))
def write(n, seed, key):
    return module.write(n, seed, key, Callable, Table)
read, first, forget = module.read, module.first, module.forget
problems = lambda: len(wrong)
)";

struct Role {
    const char* name;
    std::uint64_t least;
    std::uint64_t range;
    unsigned weight;
};
constexpr std::array kRoles = {
    Role{"read", 2000, 6000, 10},
    Role{"write", 200, 600, 5},
    Role{"first", 100, 200, 4},
    Role{"forget", 1, 1, 1},
};

/// An interpreter; all tasks use it at the same time, each with a thread state of its own.
struct Home {
    std::unique_ptr<Interpreter> interpreter; ///< null: the main one
    PyInterpreterState* state = nullptr;
    std::uint64_t key = 0;
    std::array<PyObject*, kRoles.size()> functions{}; ///< owned
    PyObject* problems = nullptr;                     ///< owned
};

class Overwrite {
  public:
    Overwrite(const Options& options, Tally& tally)
        : options_(options), tally_(tally), file_(options.extension("overwrite")) {}

    void run() {
        const std::uint64_t count = options_.interpreters != 0 ? options_.interpreters : 4;
        homes_.resize(count);
        for (std::uint64_t i = 0; i < count; ++i)
            begin(homes_[i], i + 1);
        oneapi::tbb::task_group group;
        for (unsigned task = 0; task < options_.threads; ++task) {
            group.run([this, task] {
                Random random(options_.seed, task);
                while (!tally_.time_is_up())
                    step(homes_[random.below(homes_.size())], random);
            });
        }
        group.wait();
        while (!homes_.empty()) {
            end(homes_.back());
            homes_.pop_back();
        }
    }

  private:
    void begin(Home& home, std::uint64_t key) {
        home.key = key;
        if (key != 1) {
            home.interpreter =
                std::make_unique<Interpreter>((key & 1) != 0 ? Gil::kOwn : Gil::kShared);
        }
        home.state = key != 1 ? home.interpreter->state() : PyInterpreterState_Main();
        const Attached attached(home.state);
        const Object scope = stress::run((options_.load_code() + kCode).c_str(),
                                         {{"path", file_}, {"key", std::to_string(key)}});
        for (std::size_t i = 0; i < kRoles.size(); ++i)
            home.functions[i] = item(scope, kRoles[i].name).release();
        home.problems = item(scope, "problems").release();
    }

    void step(Home& home, Random& random) {
        std::uint64_t at = random.below(20);
        std::size_t role = 0;
        while (at >= kRoles[role].weight)
            at -= kRoles[role++].weight;
        act(home, role, kRoles[role].least + random.below(kRoles[role].range), random);
    }

    void act(Home& home, std::size_t role, std::uint64_t n, Random& random) {
        try {
            const Attached attached(home.state);
            const Found found = call_work(home.functions[role], n, random.next(), home.key);
            tally_.add("checked", found.checked);
            tally_.add("wrong", found.wrong);
            tally_.add(std::string("calls of ") + kRoles[role].name);
        } catch (const PythonError& error) {
            tally_.fail(error.what());
        }
    }

    void end(Home& home) {
        Random random(options_.seed, home.key);
        act(home, kRoles.size() - 1, 0, random); // forget: the last count of first values
        {
            const Attached attached(home.state);
            tally_.expect(call_number(home.problems) == 0,
                          "a destructor in Python saw another interpreter's value");
            for (PyObject*& function : home.functions)
                Py_CLEAR(function);
            Py_CLEAR(home.problems);
        }
        tally_.add("interpreters");
        if (home.interpreter == nullptr) {
            tally_.expect(end_python() == 0, "Py_FinalizeEx failed");
        } else {
            home.interpreter.reset();
        }
        settle(tally_, file_, home.key);
    }

    const Options& options_;
    Tally& tally_;
    std::string file_;
    std::vector<Home> homes_; ///< the main interpreter's is the first, and ends last
};

} // namespace

void overwrite(const Options& options, Tally& tally) {
    start_python();
    Overwrite(options, tally).run();
}

} // namespace hpystate::stress
