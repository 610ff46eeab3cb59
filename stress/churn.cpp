/// stress/churn.cpp: interpreters of both kinds are made, used by many threads, and ended.
///
/// There are some places for interpreters. A task takes one at random: it works in the interpreter
/// there with a thread state of its own, beside others that do the same; or it ends that one and
/// puts a new one there. CPython gives a new interpreter the memory of a dead one, and reuses
/// thread states in the same way. Each thread remembers which interpreter it last met at an
/// address, and counts its successors. What is loaded in a successor must be the successor's own
/// value.
///
/// Without the GIL, CPython 3.13 crashes where an interpreter is made while another thread makes
/// classes (gh-129824, docs/cpython-faults.md), and a new interpreter's imports make some. So there
/// one thread at a time ends an interpreter, makes its successor and runs its first script, with
/// hpystate and without; the others work in the rest meanwhile. What it leaves out: interpreters
/// without the GIL that end or import while another one begins.
#include "globals/gil.h"
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/task_group.h>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace hpystate::stress {

namespace {

/// Behind Options::load_code(). Defines `work`, `through_class` and `found_before`.
constexpr const char* kWith = R"(
module = load("stressed", path)
begin, values, work = module.begin, module.values, module.work
class Through:            # no context in sight: a class made in Python
    work = staticmethod(module.work)
through_class = Through().work
number = int(key)
before = values()
found_before = lambda: before
begin(number, lambda: number)
)";

/// The same imports and as many objects, with no hpystate: what CPython itself leaves behind.
constexpr const char* kWithout = R"(
import sys, types
stand_in = types.ModuleType("hpystate._native")
stand_in.version = "0"
stand_in.offers = lambda: ()
sys.modules["hpystate._native"] = stand_in
import hpystate
number = int(key)
class Kept:
    pass
kept = [Kept() for _ in range(33)]
cycle = Kept()
cycle.itself = cycle
def work(n, seed, key):
    table = {i: number for i in range(24)}
    for i in range(n // 2000):
        kept[i % 33] = Kept()
    return 0, 0
through_class = work
)";

/// An interpreter that tasks work in. Its lock: shared to work, exclusive to end and replace it.
struct Place {
    std::shared_mutex lock;
    std::unique_ptr<Interpreter> interpreter;
    std::uint64_t key = 0;
    PyObject* work = nullptr;          ///< owned; of the interpreter
    PyObject* through_class = nullptr; ///< owned
};

/// What a thread remembers: whose address it was at the last visit. Only compared.
struct Memory {
    std::unordered_map<const void*, std::uint64_t> interpreters;
    std::unordered_map<const void*, std::uint64_t> thread_states;
};

class Churn {
  public:
    Churn(const Options& options, Tally& tally)
        : options_(options), tally_(tally), places_(std::max(4U, options.threads * 2)),
          file_(options.extension("stressed")) {}

    void run() {
        oneapi::tbb::task_group group;
        for (unsigned task = 0; task < options_.threads; ++task) {
            group.run([this, task] {
                Random random(options_.seed, task);
                while (!done())
                    step(random);
            });
        }
        group.wait();
        for (Place& place : places_) {
            const std::unique_lock lock(place.lock); // free; orders what the tasks wrote, which
            end(place);                              // ThreadSanitizer does not see of TBB
        }
        tally_.note("places", static_cast<double>(places_.size()));
        // An embedded copy tells nobody: tests/face/test_embed.py counts its regions.
        if (!options_.without && options_.face != Face::kEmbed) count_regions();
    }

  private:
    void count_regions();
    [[nodiscard]] bool done() const;
    void step(Random& random);
    [[nodiscard]] bool replace(Place& place);
    void begin(Place& place);
    void end(Place& place);
    [[nodiscard]] bool visit(Place& place, Random& random);
    void work(const Place& place, Random& random, const Attached& attached);
    void remember(const Place& place, const Attached& attached);

    const Options& options_;
    Tally& tally_;
    std::vector<Place> places_;
    std::string file_;
    std::atomic<std::uint64_t> next_key_{1};
    /// Without the GIL: held to replace an interpreter. Taken after the place's own lock by a
    /// thread that is attached to none, and only tried, so nobody waits for it.
    std::mutex turn_;
    oneapi::tbb::enumerable_thread_specific<Memory> memory_;
};

/// Regions are reused: there are about as many as interpreters lived at the same time, not as many
/// as were made.
void Churn::count_regions() {
    const Attached attached(PyInterpreterState_Main());
    const Object scope = stress::run(R"(
import hpystate
regions = hpystate._native.state()["regions"]
)");
    const std::int64_t regions = PyLong_AsLongLong(item(scope, "regions").get());
    tally_.note("regions", static_cast<double>(regions));
    const auto most = static_cast<std::int64_t>(2 * places_.size() + 2);
    tally_.expect(regions <= most,
                  std::to_string(regions) + " regions at the end; expected at most " +
                      std::to_string(most) + " for " + std::to_string(places_.size()) +
                      " interpreters at the same time");
}

bool Churn::done() const {
    if (tally_.time_is_up()) return true;
    if (options_.interpreters == 0) return false;
    const std::uint64_t begun = next_key_.load() - 1;
    tally_.set_share(static_cast<double>(begun) / static_cast<double>(options_.interpreters));
    return begun >= options_.interpreters;
}

void Churn::step(Random& random) {
    Place& place = places_[random.below(places_.size())];
    try {
        const bool did = random.below(5) < 2 ? replace(place) : visit(place, random);
        // Others have what there is: a thread that tries again at once takes their time.
        if (!did) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } catch (const PythonError& error) {
        tally_.fail(error.what());
    }
}

/// False where others work in the place, or where another thread has the turn.
bool Churn::replace(Place& place) {
    const std::unique_lock lock(place.lock, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    std::unique_lock turn(turn_, std::defer_lock);
    if (kNoGil && !turn.try_lock()) return false;
    end(place);
    place.key = next_key_.fetch_add(1);
    // By turns, so that the same run without hpystate has as many of each kind.
    const bool own = ((place.key + options_.seed) & 1) != 0;
    place.interpreter = std::make_unique<Interpreter>(own ? Gil::kOwn : Gil::kShared);
    begin(place);
    tally_.add(place.interpreter->gil() == Gil::kOwn ? "own_gil" : "shared_gil");
    tally_.add("interpreters");
    if (kNoGil) tally_.add("one_at_a_time");
    return true;
}

void Churn::begin(Place& place) {
    const Attached attached(place.interpreter->state());
    const std::string code = options_.without ? kWithout : options_.load_code() + kWith;
    const Object scope =
        stress::run(code.c_str(), {{"path", file_}, {"key", std::to_string(place.key)}});
    place.work = item(scope, "work").release();
    place.through_class = item(scope, "through_class").release();
    if (options_.without) return;
    tally_.expect(call_number(item(scope, "found_before").get()) == 0,
                  "a new interpreter's globals held values before anything was stored");
}

void Churn::end(Place& place) {
    if (place.interpreter == nullptr) return;
    if (place.work != nullptr) {
        const Attached attached(place.interpreter->state());
        Py_CLEAR(place.work);
        Py_CLEAR(place.through_class);
    }
    place.interpreter.reset();
    if (!options_.without) settle(tally_, file_, place.key);
}

/// False where the interpreter is being replaced, or there is none yet.
bool Churn::visit(Place& place, Random& random) {
    const std::shared_lock lock(place.lock, std::try_to_lock);
    if (!lock.owns_lock() || place.work == nullptr) return false;
    const Attached attached(place.interpreter->state());
    remember(place, attached);
    work(place, random, attached);
    return true;
}

void Churn::work(const Place& place, Random& random, const Attached&) {
    PyObject* const function = random.below(8) == 0 ? place.through_class : place.work;
    const Found found =
        call_work(function, 20'000 + random.below(60'000), random.next(), place.key);
    tally_.add("checked", found.checked);
    tally_.add("wrong", found.wrong);
}

void Churn::remember(const Place& place, const Attached& attached) {
    Memory& memory = memory_.local();
    const auto met = [&](auto& known, const void* address, const char* name) {
        const auto [at, is_new] = known.try_emplace(address, place.key);
        if (!is_new && at->second != place.key) tally_.add(name);
        at->second = place.key;
    };
    met(memory.interpreters, place.interpreter->state(), "successors_met");
    met(memory.thread_states, attached.state(), "thread_states_met_again");
}

} // namespace

void churn(const Options& options, Tally& tally) {
    start_python();
    Churn(options, tally).run();
    tally.expect(tally.count("successors_met") > 0 || tally.count("interpreters") < 100,
                 "no thread worked in a new interpreter at the address of one that it knew");
}

} // namespace hpystate::stress
