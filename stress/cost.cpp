/// stress/cost.cpp: what an interpreter and a global cost: bytes and microseconds.
///
/// Measured on the runtime itself, which this program links for that: the state of an interpreter
/// (adopted, its module's globals claimed and filled, torn down), without the package. Beside it
/// the import of the package, which is Python's work. Python's memory is allocated by malloc here,
/// or without the GIL through a hook, so all allocations are counted; of a region, the resident
/// pages.
#include "globals/gil.h"
#include "interp_state/teardown.h"
#include "runtime/versions/v0_9/contexts.h"
#include "stress/embed.h"
#include "stress/python_bytes.h"
#include "stress/scenarios.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <malloc.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace hpystate::stress {

namespace {

constexpr std::size_t kSlotsOfModule = 16;  ///< what a module of middle size lists
constexpr std::size_t kManySlots = 102'400; ///< whole pages, whose entries are whole pages too
constexpr std::size_t kPage = 4096;
constexpr int kInterpreters = 41;
constexpr double kBytesBar = 16 * 1024;
constexpr double kMicrosecondsBar = 100;
constexpr double kBytesOfGlobalBar = 16;

// The statics of an extension.
std::uintptr_t slots[kSlotsOfModule];
alignas(kPage) std::uintptr_t many[kManySlots];

/// The processor's time of this thread, in microseconds: nothing here waits, and the time that
/// other threads had the processor meanwhile is left out.
double now() {
    timespec time{};
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0)
        Py_FatalError("the clock of this thread's processor time cannot be read");
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double microseconds_since(double begin) {
    return now() - begin;
}

double middle(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

std::size_t page_bytes() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The pages of a region that exist, in bytes.
std::size_t resident(Region& region) {
    std::vector<unsigned char> pages((sizeof(Region) + page_bytes() - 1) / page_bytes());
    if (mincore(&region, sizeof(Region), pages.data()) != 0) {
        throw std::runtime_error("mincore failed for the region");
    }
    const auto count = std::count_if(pages.begin(), pages.end(),
                                     [](unsigned char page) { return (page & 1) != 0; });
    return static_cast<std::size_t>(count) * page_bytes();
}

std::size_t allocated() {
    const std::size_t of_malloc = mallinfo2().uordblks;
    return kNoGil ? of_malloc + python_bytes() : of_malloc;
}

Token token_of(std::uintptr_t& slot) {
    return Token(reinterpret_cast<std::uintptr_t>(&slot));
}

/// Claims the places of slots and stores an object in each, as a module's creation and exec do.
void fill(Region& region, std::uintptr_t* first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const Token token = token_of(first[i]);
        if (!region.window.claim(token)) throw std::bad_alloc();
        ObjectPointer old = nullptr;
        Py_INCREF(Py_Ellipsis);
        static_cast<void>(
            region.window.store(token, reinterpret_cast<ObjectPointer>(Py_Ellipsis), old));
    }
}

struct Costs {
    std::vector<double> microseconds;
    std::vector<double> bytes;
    std::vector<double> import_microseconds;
    std::vector<double> import_bytes;
};

/// What is measured in an interpreter: a hook that counts bytes takes time itself, so with it only
/// one of the two. Without it, both.
struct Measured {
    bool bytes = true;
    bool time = true;
};

/// What every interpreter has done that loads an extension: it has made types, dicts and strings.
/// Without this, two fifths of the time of a state without the GIL were the first pages that
/// mimalloc makes for their sizes.
void use_memory() {
    static_cast<void>(run("kept = [type('T', (), {str(i): i}) for i in range(20)]"));
}

/// The native state of one interpreter: begun, filled, ended.
void measure_state(Costs& found, Measured what) {
    use_memory();
    const std::size_t before = allocated();
    const double begin = now();
    Region* const region = context::enter_interpreter();
    if (region == nullptr) static_cast<void>(checked(nullptr));
    fill(*region, slots, kSlotsOfModule);
    const double made = microseconds_since(begin);
    if (what.bytes)
        found.bytes.push_back(static_cast<double>(allocated() - before + resident(*region)));
    const double end = now();
    end_region(*region);
    if (what.time) found.microseconds.push_back(made + microseconds_since(end));
}

void measure_import(Costs& found, Measured what) {
    const std::size_t before = allocated();
    const double begin = now();
    static_cast<void>(run("import hpystate"));
    if (what.time) found.import_microseconds.push_back(microseconds_since(begin));
    if (what.bytes) found.import_bytes.push_back(static_cast<double>(allocated() - before));
}

/// Bytes a global, of a hundred thousand neighbours in one interpreter. They are aligned so that
/// their entries fill whole pages; a module with fewer globals uses up to two pages.
double measure_globals(Tally& tally) {
    Region* const region = context::enter_interpreter();
    if (region == nullptr) static_cast<void>(checked(nullptr));
    const std::size_t before = allocated() + resident(*region);
    const std::uint64_t system_before = resident_bytes();
    fill(*region, many, kManySlots);
    const std::size_t after = allocated() + resident(*region);
    tally.note("global_bytes_of_the_system",
               static_cast<double>(resident_bytes() - system_before) / kManySlots);
    for (std::uintptr_t& slot : many) {
        const bool good =
            region->window.borrow(token_of(slot)) == reinterpret_cast<ObjectPointer>(Py_Ellipsis);
        if (!good) tally.add("wrong");
    }
    tally.add("checked", kManySlots);
    return static_cast<double>(after - before) / kManySlots;
}

} // namespace

void cost(const Options&, Tally& tally) {
    if constexpr (!kNoGil) {
        setenv("PYTHONMALLOC", "malloc", 1); // NOLINT(concurrency-mt-unsafe): before Python
    }
    start_python();
    if constexpr (kNoGil) count_python_bytes();
    Costs found;
    for (int i = 0; i < kInterpreters; ++i) {
        const Measured what = kNoGil ? Measured{i % 8 < 4, i % 8 >= 4} : Measured{};
        if constexpr (kNoGil) pause_python_bytes(!what.bytes);
        Interpreter interpreter(i % 2 == 0 ? Gil::kOwn : Gil::kShared);
        {
            const Attached attached(interpreter.state());
            if (i % 4 < 2) {
                measure_state(found, what);
            } else {
                measure_import(found, what);
            }
        }
        tally.add("interpreters");
        tally.set_share(static_cast<double>(i) / kInterpreters);
    }
    if constexpr (kNoGil) pause_python_bytes(false);
    const Attached attached(PyInterpreterState_Main());
    const double of_global = measure_globals(tally);
    tally.note("state_bytes", middle(found.bytes));
    tally.note("state_microseconds", middle(found.microseconds));
    tally.note("import_bytes", middle(found.import_bytes));
    tally.note("import_microseconds", middle(found.import_microseconds));
    tally.note("global_bytes", of_global);
    tally.expect(middle(found.bytes) <= kBytesBar, "an interpreter's state takes more than 16 KiB");
    tally.expect(middle(found.microseconds) <= kMicrosecondsBar,
                 "an interpreter's state takes more than 100 microseconds");
    tally.expect(of_global <= kBytesOfGlobalBar, "a global takes more than 16 bytes");
}

} // namespace hpystate::stress
