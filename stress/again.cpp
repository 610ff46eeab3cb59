/// stress/again.cpp: everything that can happen to a process, an interpreter or a module twice.
///
/// Python is initialized and finalized fifty times (eight under a sanitizer); each time the main
/// interpreter has the same address and the same id, and must see nothing of its predecessor.
/// Meanwhile modules are removed, imported again, reloaded and loaded under a second name; and a
/// shared object with slots is closed and another one mapped at its address.
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"
#include "stress/scratch.h"

#include <dlfcn.h>
#include <memory>

namespace hpystate::stress {

namespace {

namespace fs = std::filesystem;

#ifdef HPYSTATE_SANITIZED
constexpr std::uint64_t kLives = 8; // each takes ThreadSanitizer seconds
#else
constexpr std::uint64_t kLives = 50;
#endif
constexpr std::size_t kSlots = 64;

/// One after the other in an interpreter; every step returns what was checked and what was wrong.
constexpr const char* kModules = R"(
import hpystate, importlib, sys
hpystate.install()
sys.path.insert(0, folder)
key, other_key = int(key), int(other_key)
checked = wrong = 0

def look(good):
    global checked, wrong
    checked, wrong = checked + 1, wrong + (not good)

def work(module, key):
    global checked, wrong
    found = module.work(20000, key, key)
    checked, wrong = checked + found[0], wrong + found[1]

import stressed
first = stressed
look(first.values() == 0)
first.begin(key, lambda: key)
filled = first.values()
work(first, key)

del sys.modules["stressed"]               # removed and imported again: values survive the module
import stressed
look(stressed is not first)
look(stressed.values() == filled)
work(stressed, key)
work(first, key)

stressed.begin(other_key, lambda: other_key)  # one slot, one value: both see the new ones
work(first, other_key)
again = importlib.reload(stressed)
look(again is stressed)
work(again, other_key)

second = hpystate.load("package.of.stressed", first.__file__)   # under two names
look(second.__name__ == "package.of.stressed" and second is not first)
work(second, other_key)
del first, stressed, again, sys.modules["stressed"]
import gc
gc.collect()
work(second, other_key)
import stressed
work(stressed, other_key)
answer = lambda *arguments: (checked, wrong)
)";

constexpr const char* kReplaced = R"(
import hpystate
module = hpystate.load("replaced", path)
module.begin()
store, look, clear = module.store_at, module.look_at, module.clear_at
)";

/// A shared object with slots, opened and closed as a program does with a plug-in.
class Plugin {
  public:
    explicit Plugin(const fs::path& file) : library_(dlopen(file.c_str(), RTLD_NOW)) {
        void* const slots = library_ != nullptr ? dlsym(library_, "plugin_slots") : nullptr;
        if (slots == nullptr) throw std::runtime_error(file.string() + " cannot be opened");
        address_ = reinterpret_cast<std::uintptr_t>(slots);
    }
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;
    ~Plugin() { dlclose(library_); }

    [[nodiscard]] std::uint64_t slot(std::size_t i) const { return address_ + i * 8; }

  private:
    void* library_;
    std::uintptr_t address_;
};

/// The extension `replaced` in one interpreter, where this thread has a thread state for all that
/// it does: without the GIL, to end one costs CPython a walk through all memory that threads left.
class User {
  public:
    User(PyInterpreterState* interpreter, const std::string& file, std::uint64_t key)
        : state_(PyThreadState_New(interpreter)), key_(key) {
        if (state_ == nullptr) throw PythonError("PyThreadState_New: no memory");
        const Turn turn(state_);
        const Object scope = stress::run(kReplaced, {{"path", file}});
        store_ = item(scope, "store").release();
        look_ = item(scope, "look").release();
        clear_ = item(scope, "clear").release();
    }
    User(const User&) = delete;
    User& operator=(const User&) = delete;
    ~User() {
        PyEval_RestoreThread(state_);
        Py_CLEAR(store_);
        Py_CLEAR(look_);
        Py_CLEAR(clear_);
        PyThreadState_Clear(state_);
        PyThreadState_DeleteCurrent();
    }

    void store(const Plugin& plugin, std::size_t i) {
        const Turn turn(state_);
        static_cast<void>(stress::checked(PyObject_CallFunction(store_, "KKn", plugin.slot(i), key_,
                                                                static_cast<Py_ssize_t>(i))));
    }
    void clear(const Plugin& plugin, std::size_t i) {
        const Turn turn(state_);
        static_cast<void>(stress::checked(PyObject_CallFunction(clear_, "K", plugin.slot(i))));
    }

    /// 0: the slot holds nothing, 1: this interpreter's value for slot i, 2: anything else.
    [[nodiscard]] long look(const Plugin& plugin, std::size_t i) {
        const Turn turn(state_);
        const Object found = stress::checked(
            PyObject_CallFunction(look_, "KKn", plugin.slot(i), key_, static_cast<Py_ssize_t>(i)));
        return PyLong_AsLong(found.get());
    }

  private:
    /// Attached for a scope.
    class Turn {
      public:
        explicit Turn(PyThreadState* state) { PyEval_RestoreThread(state); }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() { PyEval_SaveThread(); }
    };

    PyThreadState* state_;
    std::uint64_t key_;
    PyObject* store_; ///< owned, as the others
    PyObject* look_;
    PyObject* clear_;
};

class Again {
  public:
    Again(const Options& options, Tally& tally)
        : options_(options), tally_(tally), random_(options.seed) {
        for (const char* const name : {"a.so", "b.so"})
            fs::copy_file(options.extensions / "plugin.so", scratch_.path() / name);
    }

    void run() {
        for (std::uint64_t life = 0; life < kLives; ++life) {
            live(life);
            tally_.set_share(static_cast<double>(life + 1) / kLives);
        }
        tally_.expect(tally_.count("mapped_at_the_same_address") > 0,
                      "no shared object was mapped at the address of a closed one");
    }

  private:
    void look(bool good) {
        tally_.add("checked");
        if (!good) tally_.add("wrong");
    }

    void live(std::uint64_t life);
    void use_modules(PyInterpreterState* interpreter);
    void replace_plugins(PyInterpreterState* main, PyInterpreterState* other);
    void replace_slot(User& first, User& second, const Plugin& plugin, std::size_t i);

    const Options& options_;
    Tally& tally_;
    Random random_;
    Scratch scratch_;
    std::uint64_t next_key_ = 1;
    std::vector<std::uint64_t> keys_; ///< of stressed; to be settled at the end of a life
};

void Again::live(std::uint64_t life) {
    start_python();
    PyInterpreterState* const main = PyInterpreterState_Main();
    use_modules(main);
    const std::uint64_t key = next_key_;
    {
        Interpreter other(life % 2 == 0 ? Gil::kShared : Gil::kOwn);
        use_modules(other.state());
        replace_plugins(main, other.state());
    }
    tally_.expect(end_python() == 0, "Py_FinalizeEx failed");
    for (const std::uint64_t of_stressed : keys_)
        settle(tally_, options_.extension("stressed"), of_stressed);
    keys_.clear();
    for (std::uint64_t used = key + 2; used < next_key_; ++used)
        settle(tally_, options_.extension("replaced"), used);
    tally_.add("initialized_and_finalized");
    tally_.add("interpreters", 2);
}

void Again::use_modules(PyInterpreterState* interpreter) {
    const std::uint64_t key = next_key_++;
    const std::uint64_t other = next_key_++;
    keys_.push_back(key);
    keys_.push_back(other);
    const Attached attached(interpreter);
    const Object scope = stress::run(kModules, {{"folder", options_.extensions.string()},
                                                {"key", std::to_string(key)},
                                                {"other_key", std::to_string(other)}});
    const Found found = call_work(item(scope, "answer").get(), 0, 0, 0);
    tally_.add("checked", found.checked);
    tally_.add("wrong", found.wrong);
}

void Again::replace_plugins(PyInterpreterState* main, PyInterpreterState* other) {
    const std::string file = options_.extension("replaced");
    User first(main, file, next_key_++);
    User second(other, file, next_key_++);
    std::uint64_t closed = 0;
    for (int i = 0; i < 10; ++i) {
        const Plugin plugin(scratch_.path() / (i % 2 == 0 ? "a.so" : "b.so"));
        if (plugin.slot(0) == closed) tally_.add("mapped_at_the_same_address");
        for (std::size_t slot = 0; slot < kSlots; ++slot)
            replace_slot(first, second, plugin, slot);
        closed = plugin.slot(0);
    }
}

/// The slots of a file that was just mapped are zero: they hold nothing, whoever was there before.
/// When one interpreter has stored, the slot has its old value, its address, again: the other one
/// finds there what it stored itself under that address, or nothing. Never the first one's.
void Again::replace_slot(User& first, User& second, const Plugin& plugin, std::size_t i) {
    look(first.look(plugin, i) == 0);
    look(second.look(plugin, i) == 0);
    User& early = random_.below(2) == 0 ? first : second;
    User& later = &early == &first ? second : first;
    early.store(plugin, i);
    look(early.look(plugin, i) == 1);
    look(later.look(plugin, i) != 2);
    if (random_.below(3) == 0) return; // the other one keeps what it has
    later.store(plugin, i);
    look(later.look(plugin, i) == 1);
    look(early.look(plugin, i) == 1);
    if (random_.below(3) != 0) return;
    early.clear(plugin, i);
    look(early.look(plugin, i) == 0);
    look(later.look(plugin, i) == 1);
}

} // namespace

void again(const Options& options, Tally& tally) {
    Again(options, tally).run();
}

} // namespace hpystate::stress
