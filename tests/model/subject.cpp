/// tests/model/subject.cpp: the real files, and the little that a module's loader does around them.
#include "tests/model/subject.h"

#include "globals/registry.cpp"
#include "globals/throwing.cpp"
#include "interp_state/context_head.cpp"
#include "interp_state/directory.cpp"
#include "interp_state/ends.cpp"
#include "interp_state/first_value.cpp"
#include "interp_state/holder.cpp"
#include "interp_state/region.cpp"
#include "interp_state/teardown.cpp"
#include "interp_state/turns.cpp"
#include "interp_state/values.cpp"
#include "interp_state/window.cpp"
#include "runtime/context/first_value.h"
#include "runtime/context/global.cpp"
#include "runtime/cpython/interpreter_end.cpp"
#include "runtime/cpython/private_symbols.cpp"
#include "runtime/elf/placement.h"
#include "runtime/elf/read_memory.h"
#include "tests/model/engine.h"
#include "tests/model/standin/interpreters.h"

#include <array>
#include <cstring>

namespace hpystate::model {

namespace {

struct NamedSlot {
    Slot* slot;
    const char* name;
    bool registered = false; ///< held its own address once
    bool left = false;       ///< and then something else
};

struct Process {
    std::array<NamedSlot, 8> slots;
    std::size_t slot_count;
    std::size_t next_entry;
};

Process process;
/// Made before the first execution, whose memory is gone after it.
Registry& process_registry = registry();
std::array<std::size_t, kStates> seen{};

void reach(State state) {
    ++seen[static_cast<std::size_t>(state)];
}

std::uintptr_t& word_of(Slot* slot) {
    return reinterpret_cast<std::uintptr_t&>(slot->_i);
}

std::uintptr_t address_of(const Slot* slot) {
    return reinterpret_cast<std::uintptr_t>(slot);
}

bool fill(Region& region) {
    region.context().name = "model";
    return true;
}

Slot* place(const char* name, void* memory, std::uintptr_t bits) {
    auto* const slot = static_cast<Slot*>(memory);
    word_of(slot) = bits;
    process.slots[process.slot_count++] = {slot, name, false, false};
    return slot;
}

void observe_slot(NamedSlot& named) {
    const auto bits = static_cast<std::uintptr_t>(named.slot->_i);
    if (bits == address_of(named.slot)) {
        reach(named.left ? State::kReused : State::kRegistered);
        named.registered = true;
        return;
    }
    if (bits != 0) reach(State::kMoved);
    named.left = named.registered;
}

void observe_entry(const Region& region, const Slot* slot) {
    const Token token(address_of(slot));
    const Window::Entry& entry = region.window.entry_of(token);
    const std::uintptr_t tenant = entry.token.load();
    if (tenant == 0) return reach(State::kEmpty);
    if (tenant != token.bits()) {
        if (!region.window.closed() && region.window.claimed(token)) reach(State::kOverflow);
        return;
    }
    const Word word(entry.word.load());
    reach(word.is_cell()             ? State::kCell
          : word.object() != nullptr ? State::kValue
                                     : State::kClaimed);
}

} // namespace

void begin_process() {
    begin_python();
    process = Process{};
    new (&directory) Directory;
    new (&process_registry) Registry;
    new (&board) Board;
}

Slot* new_slot(const char* name, std::uintptr_t bits) {
    // As many slots as a window has entries, so that one of them falls on the entry that is next.
    auto* const block = static_cast<Slot*>(allocate(Window::kEntries * sizeof(Slot)));
    std::size_t i = 0;
    while (Window::index_of(Token(address_of(&block[i]))) != process.next_entry)
        ++i;
    process.next_entry = (process.next_entry + 1) % Window::kEntries;
    return place(name, &block[i], bits);
}

Slot* new_twin(const Slot* other, const char* name) {
    auto* const block = static_cast<Slot*>(allocate(Window::kEntries * sizeof(Slot)));
    std::size_t i = 0;
    while (Window::index_of(Token(address_of(&block[i]))) !=
           Window::index_of(Token(address_of(other))))
        ++i;
    return place(name, &block[i], 0);
}

Slot read_slot(const Slot* slot) {
    return *slot;
}

std::uintptr_t read_slot_atomically(Slot* slot) {
    return std::atomic_ref(word_of(slot)).load(std::memory_order_relaxed);
}

bool registered(const Slot* slot) {
    return registry().find(Token(address_of(slot))).has_value();
}

void write_slot(Slot* slot, std::uintptr_t bits) {
    word_of(slot) = bits;
}

void write_slot_atomically(Slot* slot, std::uintptr_t bits) {
    std::atomic_ref(word_of(slot)).store(bits, std::memory_order_relaxed);
}

HPyContext* import_module(Slot* slot) {
    if (is_ending()) return nullptr;
    registry().add({"module", "file"}, std::array{&word_of(slot)});
    Region* const region = adopt(PyInterpreterState_Get(), &fill);
    expect(region != nullptr && prepare_lifetime(*region), "a region for the interpreter");
    expect(region->window.claim(Token(address_of(slot))), "a place for the slot");
    return &region->context();
}

void register_unlisted(Slot* slot) {
    registry().add_unlisted(&word_of(slot));
}

void publish_slot(Slot* slot) {
    publish(&word_of(slot));
}

PyObject* load(HPyContext* context, Slot slot) {
    return as_object(context::ctx_Global_Load(context, slot));
}

void store(HPyContext* context, Slot* slot, PyObject* object) {
    context::ctx_Global_Store(context, slot, as_handle(object));
}

PyObject* load_or_init(HPyContext* context, Slot* slot, Initializer init, void* argument) {
    context::Initializer initializer{context, init, argument};
    return context::first_value(context, slot, initializer.maker(), "load_or_init");
}

void interrupt(std::size_t thread) {
    send_signal(thread);
    wake_all(board.finished); // the kernel wakes only one; the others wake without a reason
}

bool is_valid() {
    // Nobody runs any more, so the directory's lock is free.
    const Region* region = directory.regions;
    while (region != nullptr && region->is_valid())
        region = region->next;
    return region == nullptr && directory_is_valid();
}

bool nobody_waits() {
    return board.makers == nullptr && board.waiters == nullptr;
}

HPy handle_of(PyObject* object) {
    return as_handle(object);
}

HPyContext* current_context() {
    Region* const region = current_region();
    return region != nullptr ? &region->context() : nullptr;
}

void use_context(HPyContext* context) {
    expect(context->name != nullptr, "a filled context");
}

void hold(PyObject* object) {
    Py_INCREF(object);
}

void drop(PyObject* object) {
    Py_DECREF(object);
}

void observe() {
    if (board.makers != nullptr) reach(State::kMaking);
    if (board.waiters != nullptr) reach(State::kWaiting);
    for (std::size_t i = 0; i < process.slot_count; ++i)
        observe_slot(process.slots[i]);
    for (const Region* region = directory.regions; region != nullptr; region = region->next) {
        const Region::Phase phase = region->phase.load();
        if (phase == Region::Phase::kDying) reach(State::kDying);
        if (phase != Region::Phase::kLive) continue;
        reach(region->generation > 1 ? State::kRecycled : State::kLive);
        for (std::size_t i = 0; i < process.slot_count; ++i)
            observe_entry(*region, process.slots[i].slot);
    }
}

const std::array<std::size_t, kStates>& seen_states() {
    return seen;
}

const char* name_of(State state) {
    constexpr std::array<const char*, kStates> kNames = {
        "empty",    "claimed",    "value", "cell",   "overflow", "live",   "dying",
        "recycled", "registered", "moved", "reused", "making",   "waiting"};
    return kNames[static_cast<std::size_t>(state)];
}

namespace {

std::string describe_in(const Region& region, std::uintptr_t offset) {
    constexpr std::uintptr_t kEntriesEnd = Window::kEntries * sizeof(Window::Entry);
    if (offset < kEntriesEnd) {
        return "entry " + std::to_string(offset / sizeof(Window::Entry)) +
               (offset % sizeof(Window::Entry) == 0 ? ".token" : ".word");
    }
    if (kNoGil && offset < kEntriesEnd + Window::kEntries * sizeof(ObjectPointer)) {
        return "first object of entry " +
               std::to_string((offset - kEntriesEnd) / sizeof(ObjectPointer));
    }
    const auto at = [&](const void* member) {
        return reinterpret_cast<std::uintptr_t>(member) - reinterpret_cast<std::uintptr_t>(&region);
    };
    if (offset == at(&region.owner)) return "owner";
    if (offset == at(&region.phase)) return "phase";
    if (offset == at(&region.plain)) return "context";
    return (offset < sizeof(Window) ? "window+" : "+") + std::to_string(offset);
}

std::string describe_directory(std::uintptr_t address) {
    if (address == reinterpret_cast<std::uintptr_t>(&directory.table)) return "directory.table";
    if (address == reinterpret_cast<std::uintptr_t>(&directory.mutex))
        return "the directory's lock";
    for (const Table* table = directory.table.load(); table != nullptr; table = table->older) {
        const auto first = reinterpret_cast<std::uintptr_t>(table->entries.get());
        if (address < first || address > first + table->mask * sizeof(Entry) + 15) continue;
        return "directory of " + std::to_string(table->mask + 1) + ", entry " +
               std::to_string((address - first) / sizeof(Entry)) +
               ((address - first) % sizeof(Entry) == 0 ? ".key" : ".region");
    }
    return "";
}

} // namespace

std::string describe(std::uintptr_t address) {
    for (std::size_t i = 0; i < process.slot_count; ++i) {
        if (address == address_of(process.slots[i].slot)) {
            return std::string("slot ") + process.slots[i].name;
        }
    }
    std::size_t number = 0;
    for (const Region* region = directory.regions; region != nullptr; region = region->next) {
        ++number;
        const auto first = reinterpret_cast<std::uintptr_t>(region);
        if (address < first || address >= first + sizeof(Region)) continue;
        const std::string name =
            "region " + std::string(1, static_cast<char>('A' + directory.count - number));
        return address == first ? name : name + "." + describe_in(*region, address - first);
    }
    if (address == reinterpret_cast<std::uintptr_t>(&process_registry)) return "the registry";
    if (address == reinterpret_cast<std::uintptr_t>(&board)) return "the board's lock";
    if (address == reinterpret_cast<std::uintptr_t>(&board.finished)) return "finished";
    const std::string in_directory = describe_directory(address);
    return in_directory.empty() ? describe_python(address) : in_directory;
}

} // namespace hpystate::model

// ---- what values.cpp, first_value.cpp and turns.cpp need of other files ----

namespace hpystate {

/// The real one counts the rows of a table.
extern const std::size_t kVersionCount = 1;

/// The real one asks the dynamic linker and the kernel.
Placement place_of(const void* /*slot*/) noexcept {
    return Placement::kUnmapped;
}

/// The real one asks the kernel, which has none of the model's memory.
bool read_memory(std::uintptr_t /*address*/, void* /*into*/, std::size_t /*size*/) noexcept {
    return false;
}

/// The real one has CPython warn.
void report_foreign_slot() noexcept {}

/// The real one asks the dynamic linker; no scenario has files.
AddressName name_of_address(const void* /*address*/) {
    return {};
}

/// The name that the scenario gave it; the real one reads files.
std::string describe_slot(std::uintptr_t token) {
    return model::describe(token);
}

} // namespace hpystate
