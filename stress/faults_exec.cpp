/// stress/faults_exec.cpp: modules whose execution raises, half way through their globals.
///
/// On many threads, in interpreters of both kinds: the same file is loaded again and again and
/// raises at another stage each time, until it is let through. What it stored before it raised
/// stays, is overwritten by the next attempt, and is released in the end; what another module of
/// the file stored meanwhile, in other interpreters, must not be touched.
#include "stress/counts.h"
#include "stress/embed.h"
#include "stress/random.h"
#include "stress/scenarios.h"

#include <atomic>
#include <oneapi/tbb/task_group.h>

namespace hpystate::stress {

namespace {

constexpr const char* kCode = R"(
import hpystate
key = int(key)
raised = 0
for stage in map(int, stages):
    try:
        hpystate.load(f"fail{stage}.raising", path)
    except ValueError as error:
        raised += "stage" in str(error)
module = hpystate.load("raising", path)
module.begin(key)
work = module.work
count = lambda: raised
)";

void live_and_end(const std::string& file, Tally& tally, Random& random, std::uint64_t key) {
    std::string stages;
    for (std::uint64_t i = 3 + random.below(8); i > 0; --i)
        stages += static_cast<char>('0' + random.below(6));
    Interpreter interpreter((key & 1) != 0 ? Gil::kOwn : Gil::kShared);
    {
        const Attached attached(interpreter.state());
        const Object scope =
            run(kCode, {{"path", file}, {"key", std::to_string(key)}, {"stages", stages}});
        const auto raised = static_cast<std::uint64_t>(call_number(item(scope, "count").get()));
        tally.expect(raised == stages.size(), "a module was created although its exec raised");
        tally.add("raised", raised);
        const Found found = call_work(item(scope, "work").get(), 5000, 1, key);
        tally.add("checked", found.checked);
        tally.add("wrong", found.wrong);
    }
    interpreter.end();
    settle(tally, file, key);
    tally.add("interpreters");
}

} // namespace

void faults_exec(const Options& options, Tally& tally) {
    start_python();
    const std::string file = options.extension("raising");
    std::atomic<std::uint64_t> next_key{1};
    oneapi::tbb::task_group group;
    for (unsigned task = 0; task < options.threads; ++task) {
        group.run([&, task] {
            Random random(options.seed, task);
            try {
                while (!tally.time_is_up())
                    live_and_end(file, tally, random, next_key.fetch_add(1));
            } catch (const PythonError& error) {
                tally.fail(error.what());
            }
        });
    }
    group.wait();
    settle(tally, file, 0); // what was stored before an exec raised
}

} // namespace hpystate::stress
