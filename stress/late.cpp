/// stress/late.cpp: destructors that load, store, call and import at every stage of an end.
///
/// Each interpreter is filled with objects whose destructors probe (extensions/late.c), in places
/// that CPython empties one after the other; then it ends, on any thread, while others work in
/// interpreters beside it. A stage that no probe ran in was not tested, which is a failure.
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <array>
#include <atomic>
#include <dlfcn.h>
#include <oneapi/tbb/task_group.h>

namespace hpystate::stress {

namespace {

/// The stages, in the order of CPython's end; numbers are those of kFill.
constexpr std::array kStages = {
    "before the end",
    "exit function of Python",
    "module's dict",
    "sys.modules",
    "sys",
    "builtins",
    "put into sys by a destructor",
    "put into builtins by a destructor",
    "garbage of the last collection",
    "interpreter's dict",
    "fork hook",
    "codec error handler",
    "exit callback before hpystate's",
    "held by a global",
    "cycle held by a global",
    "exit callback after hpystate's",
};
/// CPython runs exit callbacks oldest first before gh-127791 was fixed in 3.13.2, then newest
/// first. Before that it also loses those in the middle: a third one takes the second one's place.
constexpr bool kNewestFirst = PY_VERSION_HEX >= 0x030D0200;
constexpr unsigned kFirstCallback = kNewestFirst ? 15 : 12;
constexpr unsigned kSecondCallback = kNewestFirst ? 12 : 15;

/// Behind Options::load_code(): objects of the extension and of a class in Python, two for each
/// stage.
constexpr const char* kFill = R"(
import atexit, builtins, codecs, gc, os, sys, types
late = load("late", path)
key = int(key)
late.begin(key, lambda: key)

class Probe:
    def __init__(self, stage, into=None):
        self.stage, self.into, self.key, self.probe = stage, into, key, late.probe
        self.make = late.make
    def __del__(self):
        self.probe(self.key, self.stage)
        if self.into is not None:
            self.into[f"late {self.stage}"] = self.make(self.key, self.stage, False)

def both(stage, in_cycle=False):
    pair = [late.make(key, stage, in_cycle), Probe(stage)]
    if in_cycle:
        pair.append(pair)
    return pair

gc.disable()
both(0)
atexit.register(late.probe, key, 1)
module = types.ModuleType("late_module")
module.pair = both(2)
sys.modules["late_module"] = module
sys.modules["late_things"] = both(3)
sys.late_things = both(4)
builtins.late_things = both(5)
sys.reborn = Probe(6, sys.__dict__)
builtins.reborn = Probe(7, builtins.__dict__)
both(8, in_cycle=True)
for_interpreter = both(9)
hooks = both(10)
os.register_at_fork(before=lambda hooks=hooks: None)
handlers = both(11)
codecs.register_error("late", lambda error, handlers=handlers: None)
late.hold(0, late.make(key, 13, False))
late.hold(1, Probe(13))
late.hold(2, both(14, in_cycle=True))
del module, hooks, handlers
work, probe = late.work, late.probe
)";

struct Stage {
    std::atomic<long long> probes;
    std::atomic<long long> with_values;
    std::atomic<long long> imports;
    std::atomic<long long> checked;
    std::atomic<long long> wrong;
};

/// What an exit callback of ours calls: beside hpystate's own, which the package registers.
struct ExitProbe {
    PyObject* probe; ///< owned
    std::uint64_t key;
    unsigned stage;

    static void run(void* data) {
        auto* const self = static_cast<ExitProbe*>(data);
        if (self->probe != nullptr) {
            Py_XDECREF(PyObject_CallFunction(
                self->probe, "KI", static_cast<unsigned long long>(self->key), self->stage));
            PyErr_Clear();
            Py_CLEAR(self->probe);
        }
        delete self;
    }
};

ExitProbe* register_exit(std::uint64_t key, unsigned stage) {
    auto* const data = new ExitProbe{nullptr, key, stage};
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
#if PY_VERSION_HEX >= 0x030D0000
    const int failed = PyUnstable_AtExit(interpreter, &ExitProbe::run, data);
#else
    const int failed = _Py_AtExit(interpreter, &ExitProbe::run, data);
#endif
    if (failed != 0) throw PythonError("PyUnstable_AtExit: no memory");
    return data;
}

class Late {
  public:
    Late(const Options& options, Tally& tally)
        : options_(options), tally_(tally), file_(options.extension("late")) {}

    void run() {
        oneapi::tbb::task_group group;
        for (unsigned task = 0; task < options_.threads; ++task) {
            group.run([this] {
                try {
                    while (!done())
                        live_and_end(next_key_.fetch_add(1));
                } catch (const PythonError& error) {
                    tally_.fail(error.what());
                }
            });
        }
        group.wait();
        tell_stages();
    }

  private:
    [[nodiscard]] bool done() const {
        return tally_.time_is_up() ||
               (options_.interpreters != 0 && next_key_.load() > options_.interpreters);
    }

    void live_and_end(std::uint64_t key) {
        Interpreter interpreter((key & 1) != 0 ? Gil::kOwn : Gil::kShared);
        {
            const Attached attached(interpreter.state());
            // One is registered before the package is imported, one after that, or both.
            const bool before = key % 3 != 0;
            const bool after = key % 3 != 1;
            ExitProbe* const first = before ? register_exit(key, kFirstCallback) : nullptr;
            const Object scope = stress::run((options_.load_code() + kFill).c_str(),
                                             {{"path", file_}, {"key", std::to_string(key)}});
            ExitProbe* const second = after ? register_exit(key, kSecondCallback) : nullptr;
            if (first != nullptr) first->probe = item(scope, "probe").release();
            if (second != nullptr) second->probe = item(scope, "probe").release();
            PyObject* const dict = PyInterpreterState_GetDict(interpreter.state());
            PyDict_SetItemString(dict, "late", item(scope, "for_interpreter").get());
            PyDict_DelItemString(scope.get(), "for_interpreter");
            const Found found = call_work(item(scope, "work").get(), 2000, 1, key);
            tally_.add("checked", found.checked);
            tally_.add("wrong", found.wrong);
        }
        interpreter.end();
        settle(tally_, file_, key);
        tally_.add("interpreters");
    }

    void tell_stages() {
        void* const library = dlopen(file_.c_str(), RTLD_NOW | RTLD_NOLOAD);
        void* const symbol = library != nullptr ? dlsym(library, "late_stage") : nullptr;
        if (symbol == nullptr) throw PythonError(file_ + " has no late_stage");
        const auto stage_of = reinterpret_cast<const Stage* (*)(std::size_t)>(symbol);
        for (std::size_t i = 0; i < kStages.size(); ++i) {
            const Stage& stage = *stage_of(i);
            const std::string name = kStages[i];
            tally_.add("probes, " + name, static_cast<std::uint64_t>(stage.probes));
            tally_.add("with values, " + name, static_cast<std::uint64_t>(stage.with_values));
            tally_.add("with imports, " + name, static_cast<std::uint64_t>(stage.imports));
            tally_.add("checked", static_cast<std::uint64_t>(stage.checked));
            tally_.add("wrong", static_cast<std::uint64_t>(stage.wrong));
            tally_.expect(stage.probes != 0, "no destructor ran at the stage: " + name);
        }
    }

    const Options& options_;
    Tally& tally_;
    std::string file_;
    std::atomic<std::uint64_t> next_key_{1};
};

} // namespace

void late(const Options& options, Tally& tally) {
    start_python();
    Late(options, tally).run();
}

} // namespace hpystate::stress
