/// stress/first_import.cpp: many interpreters import the same new files at the same moment.
///
/// A round has its own copies of the files, so each is opened, registered and interned for the
/// first time in the process, by all interpreters at once: one whose slots collide in the window by
/// threes, ten with 100,000 slots together, and one with every kind of value. Each interpreter
/// takes them in an order of its own. The package, too, is imported by all of them at once. When
/// all are done, each checks all its values again: what the others did since must not have changed
/// them.
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"
#include "stress/scratch.h"

#include <algorithm>
#include <barrier>
#include <filesystem>
#include <memory>
#include <numeric>
#include <oneapi/tbb/parallel_for.h>
#include <thread>
#include <vector>

namespace hpystate::stress {

namespace {

namespace fs = std::filesystem;

constexpr unsigned kDefaultInterpreters = 32;
constexpr std::uint64_t kMemoryLimit = std::uint64_t{6} << 30; ///< CPython gives little back

struct File {
    std::string module;
    std::string path;
    std::uint64_t work; ///< first argument of its work()
};

/// What one interpreter does; its members are used by the one thread that is in it.
struct Guest {
    std::unique_ptr<Interpreter> interpreter;
    std::uint64_t key = 0;
    std::vector<PyObject*> work; ///< of each file, in the order of the files; owned
};

class Round {
  public:
    Round(const Options& options, Tally& tally, const fs::path& folder, std::uint64_t number)
        : options_(options), tally_(tally), folder_(folder / std::to_string(number)),
          seed_(options.seed + number) {
        const std::uint64_t count =
            options.interpreters != 0 ? options.interpreters : kDefaultInterpreters;
        fs::create_directory(folder_);
        copy(options, "stressed", 3000);
        copy(options, "colliding", 20);
        for (int i = 0; i < (options.face == Face::kHpy ? 10 : 3); ++i)
            copy(options, "many" + std::to_string(i), 1);
        guests_.resize(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            guests_[i].key = (number * count) + i + 1;
            const bool own = (guests_[i].key & 1) != 0;
            guests_[i].interpreter = std::make_unique<Interpreter>(own ? Gil::kOwn : Gil::kShared);
        }
    }

    void run() {
        std::barrier start(static_cast<std::ptrdiff_t>(guests_.size()));
        std::vector<std::thread> threads; // not TBB's tasks: all have to be there at once
        threads.reserve(guests_.size());
        for (Guest& guest : guests_) {
            threads.emplace_back([&] {
                start.arrive_and_wait();
                record_failure([&] { import(guest); });
            });
        }
        for (std::thread& thread : threads)
            thread.join();
        oneapi::tbb::parallel_for(std::size_t{0}, guests_.size(), [&](std::size_t i) {
            record_failure([&] { look_again(guests_[i]); });
        });
        for (Guest& guest : guests_)
            end(guest);
        fs::remove_all(folder_);
    }

  private:
    void copy(const Options& options, const std::string& module, std::uint64_t work) {
        const fs::path source = options.extension(module);
        const fs::path target = folder_ / source.filename();
        fs::copy_file(source, target);
        files_.push_back({module, target.string(), work});
    }

    template <typename Action>
    void record_failure(const Action& action) {
        try {
            action();
        } catch (const PythonError& error) {
            tally_.fail(error.what());
        }
    }

    void import(Guest& guest);
    void look(Guest& guest, std::size_t file);
    void look_again(Guest& guest);
    void end(Guest& guest);

    const Options& options_;
    Tally& tally_;
    fs::path folder_;
    std::uint64_t seed_;
    std::vector<File> files_;
    std::vector<Guest> guests_;
};

/// Behind Options::load_code().
constexpr const char* kImport = R"(
module = load(name, path)
key = int(key)
before = module.values()
module.begin(key, lambda: key) if name == "stressed" else module.begin(key)
found_before = lambda: before
work = module.work
def overflow():
    import hpystate
    return hpystate._native.state()["overflow"]
)";

void Round::import(Guest& guest) {
    std::vector<std::size_t> order(files_.size());
    std::iota(order.begin(), order.end(), 0);
    Random random(seed_, guest.key);
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.below(i)]);
    guest.work.resize(files_.size());
    const Attached attached(guest.interpreter->state());
    for (const std::size_t i : order) {
        const File& file = files_[i];
        const Object scope = stress::run(
            (options_.load_code() + kImport).c_str(),
            {{"name", file.module}, {"path", file.path}, {"key", std::to_string(guest.key)}});
        tally_.expect(call_number(item(scope, "found_before").get()) == 0,
                      file.module + ": a global held a value before anything was stored");
        guest.work[i] = item(scope, "work").release();
        tally_.add("imports");
        look(guest, i);
        if (i == order.back() && options_.face != Face::kEmbed) {
            tally_.add("entries_shared_by_slots",
                       static_cast<std::uint64_t>(call_number(item(scope, "overflow").get())));
        }
    }
}

void Round::look(Guest& guest, std::size_t file) {
    const Found found = call_work(guest.work[file], files_[file].work, seed_, guest.key);
    tally_.add("checked", found.checked);
    tally_.add("wrong", found.wrong);
}

void Round::look_again(Guest& guest) {
    const Attached attached(guest.interpreter->state());
    for (std::size_t i = 0; i < files_.size(); ++i)
        if (guest.work[i] != nullptr) look(guest, i);
}

void Round::end(Guest& guest) {
    {
        const Attached attached(guest.interpreter->state());
        for (PyObject*& work : guest.work)
            Py_CLEAR(work);
    }
    guest.interpreter.reset();
    for (const File& file : files_)
        settle(tally_, file.path, guest.key);
    tally_.add("interpreters");
}

} // namespace

void first_import(const Options& options, Tally& tally) {
    start_python();
    const Scratch scratch;
    std::uint64_t round = 0;
    do {
        Round(options, tally, scratch.path(), round++).run();
        tally.add("rounds");
    } while (!tally.time_is_up() && resident_bytes() < kMemoryLimit);
    // An embedded copy tells nobody.
    tally.expect(options.face == Face::kEmbed || tally.count("entries_shared_by_slots") > 0,
                 "no two slots shared an entry");
}

} // namespace hpystate::stress
