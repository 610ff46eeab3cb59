/// stress/flat.cpp: the same loops among much or little else; run by stress/flat.py under
/// callgrind.
///
/// --interpreters is how many live at the same time, all with a state of the runtime; --loads how
/// many slots the measured interpreter has beside the one that is loaded.
#include "stress/embed.h"
#include "stress/scenarios.h"

#include <array>
#include <memory>
#include <vector>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#error "stress/flat.cpp needs valgrind's headers: package valgrind"
#endif

namespace hpystate::stress {

namespace {

constexpr std::uint64_t kRounds = 5000;
constexpr std::uint64_t kSlotsOfFile = 10'000;

constexpr const char* kState = R"(
import importlib.machinery, importlib.util
loader = importlib.machinery.ExtensionFileLoader("hpystate._native", file)
spec = importlib.util.spec_from_file_location(loader.name, file, loader=loader)
loader.exec_module(importlib.util.module_from_spec(spec))
)";

constexpr const char* kLoops = R"(
import hpystate
module = hpystate.load("flat", path)
module.begin()
load, load_without_context, noargs = module.load, module.load_without_context, module.noargs
)";

constexpr const char* kMore = R"(
import hpystate
hpystate.load(name, path).begin(7)
)";

std::string native_file() {
    const Object scope = run("import hpystate._native as n\nfile = n.__file__");
    const Object file = item(scope, "file");
    return PyUnicode_AsUTF8(file.get());
}

/// Counts `loop(rounds)` twice, the second time with twice the rounds: their difference is what the
/// rounds cost, without what is done once.
template <typename Loop>
void count(const std::string& name, const Loop& loop) {
    loop(std::uint64_t{100});
    for (const char* const times : {"once", "twice"}) {
        const std::string title = name + "|" + times; // has to live until the dump is made
        const std::uint64_t rounds = *times == 'o' ? kRounds : 2 * kRounds;
        CALLGRIND_START_INSTRUMENTATION;
        CALLGRIND_ZERO_STATS;
        loop(rounds);
        CALLGRIND_DUMP_STATS_AT(title.c_str());
        CALLGRIND_STOP_INSTRUMENTATION;
    }
}

void count_loops(const Object& scope, Tally& tally) {
    for (const char* const name : {"load", "load_without_context"}) {
        const Object function = item(scope, name);
        count(name, [&](std::uint64_t rounds) {
            const Found found = call_work(function.get(), rounds, 0, 0);
            tally.add("checked", found.checked);
            tally.add("wrong", found.wrong);
        });
    }
    const Object noargs = item(scope, "noargs");
    count("noargs", [&](std::uint64_t rounds) {
        for (std::uint64_t i = 0; i < rounds; ++i)
            Py_XDECREF(PyObject_CallNoArgs(noargs.get()));
    });
}

} // namespace

void flat(const Options& options, Tally& tally) {
    start_python();
    std::string file;
    {
        const Attached attached(PyInterpreterState_Main());
        file = native_file();
    }
    std::vector<std::unique_ptr<Interpreter>> others;
    for (std::uint64_t i = 1; i < options.interpreters; ++i) {
        others.push_back(std::make_unique<Interpreter>(Gil::kShared));
        const Attached attached(others.back()->state());
        static_cast<void>(run(kState, {{"file", file}}));
        tally.set_share(static_cast<double>(i) / static_cast<double>(options.interpreters));
    }
    const Attached attached(others.empty() ? PyInterpreterState_Main()
                                           : others[others.size() / 2]->state());
    for (std::uint64_t i = 0; i * kSlotsOfFile < options.loads; ++i) {
        const std::string name = "many" + std::to_string(i);
        static_cast<void>(run(kMore, {{"name", name}, {"path", options.extension(name)}}));
    }
    const Object scope = run(kLoops, {{"path", options.extension("flat")}});
    count_loops(scope, tally);
    tally.note("rounds", kRounds);
    tally.add("interpreters", others.size() + 1);
}

} // namespace hpystate::stress
