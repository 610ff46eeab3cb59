/// tests/fuzz/states.cpp: interpreters that come and go, globals and handles of debug mode in each,
/// against a model; and the invariants of region, directory and debug state.
///
/// An object's references are counted: one is the run's own, one is for each global that holds it,
/// one for each open handle. So a reference that is lost, or given back twice, is seen at once.
/// Without the GIL a window also keeps the first object of each slot until its interpreter ends
/// (interp_state/window.h, W6), so a slot here is told what its first object was.
#include <Python.h>

#include "globals/gil.h"
#include "interp_state/current.h"
#include "interp_state/directory.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/find_state.h"
#include "runtime/versions/v0_9/contexts.h"
#include "tests/fuzz/python.h"
#include "tests/fuzz/targets.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hpystate::fuzz {

namespace {

using layers::DebugState;

constexpr std::size_t kSlots = 6;
constexpr std::size_t kObjects = 3;
constexpr std::size_t kInterpreters = 4; ///< at a time, with main
constexpr int kMadeByAnInput = 8;        ///< to make one takes some 20 ms
constexpr int kBetweenChecks = 16;       ///< is_valid() reads a whole window

std::array<HPyGlobal, kSlots> slots;

/// What one slot is expected to hold.
struct Expected {
    enum class What : std::uint8_t { kNothing, kObject, kLate };

    What what = What::kNothing;
    std::size_t object = 0; ///< its number, of a kObject

    [[nodiscard]] bool is(std::size_t number) const noexcept {
        return what == What::kObject && object == number;
    }
    friend bool operator==(const Expected&, const Expected&) = default;
};

/// The same with what the window keeps besides, without the GIL: the first object, as soon as
/// another one took its place.
struct ExpectedSlot {
    Expected now;
    Expected kept;
    bool has_first = false;   ///< something was stored here once
    bool is_replaced = false; ///< and something else since: it is in `kept`

    void store(const Expected& stored) noexcept {
        const bool same = now == stored && stored.what != Expected::What::kLate;
        if (kNoGil && has_first && !is_replaced && !same) {
            is_replaced = true;
            kept = now;
        }
        has_first = has_first || stored.what != Expected::What::kNothing;
        now = stored;
    }
};

/// Whether main's slots had an object in an earlier input. They hold nothing between inputs.
std::array<bool, kSlots> had_first_in_main{};

/// What one interpreter is expected to hold. Its thread is attached to it, but for moves.
class Interpreter {
  public:
    explicit Interpreter(PyThreadState* state) : state_(state) {
        Region* const region = context::enter_interpreter();
        require(region != nullptr, "the interpreter has a region");
        region_ = region;
        debug_ = layers::state_of<DebugState>(region, layers::kDebug);
        require(debug_ != nullptr, "the interpreter has a debug state");
        for (PyObject*& object : objects_) {
            object = PyList_New(0);
            require(object != nullptr, "there is memory for an object");
        }
    }
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;
    ~Interpreter() = default;

    [[nodiscard]] PyThreadState* state() const noexcept { return state_; }

    void store(std::size_t slot, std::optional<std::size_t> object) {
        PyObject* const held = object ? objects_[*object] : nullptr;
        HPyContext& plain = region_->context();
        plain.ctx_Global_Store(&plain, &slots[slot], HPy{reinterpret_cast<std::intptr_t>(held)});
        slots_[slot].store(object ? Expected{Expected::What::kObject, *object} : Expected{});
    }

    /// What is kept is an object of an earlier input.
    void begin_with_kept(const std::array<bool, kSlots>& had_first) noexcept {
        for (std::size_t i = 0; i < kSlots; ++i)
            slots_[i].has_first = slots_[i].is_replaced = had_first[i];
    }

    [[nodiscard]] bool has_first(std::size_t slot) const noexcept { return slots_[slot].has_first; }

    /// Its destructor loads a global: in the interpreter's life what is there, at the end nothing.
    void store_late(std::size_t slot) {
        PyObject* const late = PyCapsule_New(this, nullptr, &Interpreter::load_late);
        require(late != nullptr, "there is memory for a capsule");
        ++capsules_;
        HPyContext& plain = region_->context();
        plain.ctx_Global_Store(&plain, &slots[slot], HPy{reinterpret_cast<std::intptr_t>(late)});
        Py_DECREF(late);
        slots_[slot].store(Expected{Expected::What::kLate});
    }

    void load(std::size_t slot) {
        HPyContext& plain = region_->context();
        const HPy loaded = plain.ctx_Global_Load(&plain, slots[slot]);
        const Expected& now = slots_[slot].now;
        if (now.what != Expected::What::kLate) {
            const bool is_object = now.what == Expected::What::kObject;
            PyObject* const expected = is_object ? objects_[now.object] : nullptr;
            require(loaded._i == reinterpret_cast<std::intptr_t>(expected),
                    "a load gives what this interpreter stored");
        }
        plain.ctx_Close(&plain, loaded);
    }

    void open(std::size_t object) {
        const HPy handle = debug_->open(Py_NewRef(objects_[object]));
        require(handle._i != 0, "there is memory for a handle");
        handles_.emplace_back(handle, object);
    }

    void close(std::size_t which) {
        if (handles_.empty()) return;
        const auto at = handles_.begin() + static_cast<std::ptrdiff_t>(which % handles_.size());
        const auto [handle, object] = *at;
        require(debug_->object_of(handle, "states") == objects_[object],
                "a handle gives its object");
        PyObject* const closed = debug_->close(handle, "states");
        require(closed == objects_[object], "a handle that is closed gives its object back");
        Py_DECREF(closed);
        handles_.erase(at);
    }

    void limit_closed(std::size_t limit) { debug_->closed_limit = limit; }

    void check() const {
        require(region_->is_valid(), "the region is valid");
        require(debug_->is_valid(), "the debug state is valid");
        require(directory_is_valid(), "the directory is valid");
        require(debug_->opened.size() == handles_.size(), "the open handles are counted");
        for (std::size_t i = 0; i < kObjects; ++i) {
            Py_ssize_t count = 1;
            for (const ExpectedSlot& slot : slots_)
                count += (slot.now.is(i) ? 1 : 0) + (slot.kept.is(i) ? 1 : 0);
            for (const auto& [handle, object] : handles_)
                count += object == i ? 1 : 0;
            require(Py_REFCNT(objects_[i]) == count, "no reference was lost, and none is too many");
        }
    }

    /// Gives back what the run itself holds, but what the globals hold.
    void release() {
        while (!handles_.empty())
            close(0);
        for (PyObject*& object : objects_)
            Py_CLEAR(object);
    }

    void clear() {
        for (std::size_t slot = 0; slot < kSlots; ++slot)
            store(slot, std::nullopt);
        int kept = 0;
        for (const ExpectedSlot& slot : slots_)
            kept += slot.kept.what == Expected::What::kLate ? 1 : 0;
        require(capsules_ == kept, "what is cleared is destroyed, unless it is kept as the first");
    }

    /// After Py_EndInterpreter; the thread is attached to another one.
    void check_ended() const {
        require(region_->phase == Region::Phase::kDying, "an interpreter's end is noticed");
        require(region_->is_valid(), "the region of an interpreter that has ended is valid");
        require(directory_is_valid(), "the directory is valid after an end");
        require(capsules_ == 0, "what only a global held is destroyed at its interpreter's end");
        require(debug_->opened.size() == 0, "an interpreter that has ended has no open handle");
    }

  private:
    static void load_late(PyObject* capsule) {
        auto* const self = static_cast<Interpreter*>(PyCapsule_GetPointer(capsule, nullptr));
        --self->capsules_;
        HPyContext& plain = self->region_->context();
        const bool ended = self->region_->phase == Region::Phase::kDying;
        for (const HPyGlobal& slot : slots) {
            const HPy loaded = plain.ctx_Global_Load(&plain, slot);
            require(!ended || loaded._i == 0, "a load while the interpreter ends gives nothing");
            plain.ctx_Close(&plain, loaded);
        }
    }

    PyThreadState* state_;
    Region* region_ = nullptr;
    DebugState* debug_ = nullptr;
    std::array<PyObject*, kObjects> objects_{};
    std::array<ExpectedSlot, kSlots> slots_{};
    int capsules_ = 0; ///< that live
    std::vector<std::pair<HPy, std::size_t>> handles_;
};

class Run {
  public:
    explicit Run(Bytes& bytes) : bytes_(bytes), main_(PyThreadState_Get()) {
        all_.push_back(std::make_unique<Interpreter>(main_));
        all_[0]->begin_with_kept(had_first_in_main);
    }

    void step() {
        Interpreter& here = *all_[at_];
        switch (bytes_.below(16)) {
        case 0:
            make();
            break;
        case 1:
            if (at_ != 0) end();
            break;
        case 2:
        case 3:
            move(bytes_.below(all_.size()));
            break;
        case 4:
            here.store(bytes_.below(kSlots), std::nullopt);
            break;
        case 5:
            here.store_late(bytes_.below(kSlots));
            break;
        case 6:
            here.limit_closed(bytes_.below(5));
            break;
        case 7:
        case 8:
            here.open(bytes_.below(kObjects));
            break;
        case 9:
        case 10:
            here.close(bytes_.next());
            break;
        case 11:
        case 12:
            here.load(bytes_.below(kSlots));
            break;
        default:
            here.store(bytes_.below(kSlots), bytes_.below(kObjects));
        }
        if (++steps_ % kBetweenChecks == 0) all_[at_]->check();
    }

    void finish() {
        while (all_.size() > 1) {
            move(all_.size() - 1);
            end();
        }
        Interpreter& main = *all_[0];
        main.check();
        main.clear();
        main.release();
        for (std::size_t slot = 0; slot < kSlots; ++slot)
            had_first_in_main[slot] = main.has_first(slot);
    }

  private:
    void move(std::size_t to) {
        PyThreadState_Swap(all_[to]->state());
        at_ = to;
    }

    void make() {
        if (all_.size() == kInterpreters || made_ == kMadeByAnInput) return;
        ++made_;
        PyInterpreterConfig config{};
        config.allow_threads = 1;
        config.check_multi_interp_extensions = 1;
        config.gil = PyInterpreterConfig_OWN_GIL;
        PyThreadState* state = nullptr;
        require(!PyStatus_Exception(Py_NewInterpreterFromConfig(&state, &config)),
                "an interpreter can be made");
        all_.push_back(std::make_unique<Interpreter>(state));
        at_ = all_.size() - 1;
    }

    void end() {
        const auto place = all_.begin() + static_cast<std::ptrdiff_t>(at_);
        (*place)->check();
        (*place)->release();
        Py_EndInterpreter((*place)->state());
        PyThreadState_Swap(main_);
        (*place)->check_ended();
        all_.erase(place);
        at_ = 0;
    }

    Bytes& bytes_;
    PyThreadState* main_;
    std::vector<std::unique_ptr<Interpreter>> all_;
    std::size_t at_ = 0;
    int made_ = 0;
    int steps_ = 0;
};

} // namespace

void states(Input input) {
    static_cast<void>(context()); // starts Python
    Bytes bytes(input);
    Run run(bytes);
    while (!bytes.empty())
        run.step();
    run.finish();
}

} // namespace hpystate::fuzz
