/// stress/options.cpp: the command line of one scenario; stress/run.py writes it for all of them.
#include "stress/options.h"

#include "stress/scenarios.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

namespace hpystate::stress {

namespace {

[[noreturn]] void refuse(const std::string& message) {
    std::string names;
    for (const Scenario& scenario : kScenarios)
        names += std::string(" ") + scenario.name;
    std::fprintf(stderr,
                 "stress: %s\nusage: stress --only SCENARIO [--seed N] [--seconds S] [--threads N] "
                 "[--interpreters N] [--loads N] [--without] [--quiet]\nscenarios:%s\n",
                 message.c_str(), names.c_str());
    std::exit(2); // NOLINT(concurrency-mt-unsafe): no other thread yet
}

double number(std::string_view option, const char* text) {
    char* end = nullptr;
    errno = 0;
    const double value = std::strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || value < 0) {
        refuse(std::string(option) + " is '" + text + "'; a number from 0 on was expected");
    }
    return value;
}

std::uint64_t whole(std::string_view option, const char* text) {
    char* end = nullptr;
    errno = 0;
    const std::uint64_t value = std::strtoull(text, &end, 0);
    if (end == text || *end != '\0' || errno != 0 || *text == '-') {
        refuse(std::string(option) + " is '" + text + "'; a whole number from 0 on was expected");
    }
    return value;
}

struct Ending {
    std::string_view text;
    Face face;
};
constexpr Ending kEndings[] = {{"-c", Face::kRuntime}, {"-embed", Face::kEmbed}};

[[nodiscard]] Face face_of(std::string_view scenario) {
    for (const Ending& ending : kEndings) {
        if (scenario.ends_with(ending.text)) return ending.face;
    }
    return Face::kHpy;
}

constexpr const char* kLoadOfHpy = R"(
import hpystate
load = hpystate.load
)";

constexpr const char* kLoadOfPlain = R"(
import importlib.machinery, importlib.util
def load(name, path):
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
)";

} // namespace

std::string Options::load_code() const {
    return face == Face::kHpy ? kLoadOfHpy : kLoadOfPlain;
}

Options parse_options(int argc, char** argv) {
    Options options;
    options.extensions = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--without") {
            options.without = true;
            continue;
        }
        if (option == "--quiet") {
            options.quiet = true;
            continue;
        }
        if (i + 1 == argc) refuse("'" + std::string(option) + "' is unknown, or lacks its value");
        const char* const value = argv[++i];
        if (option == "--only") {
            options.scenario = value;
        } else if (option == "--seed") {
            options.seed = whole(option, value);
        } else if (option == "--seconds") {
            options.seconds = number(option, value);
        } else if (option == "--threads") {
            options.threads = static_cast<unsigned>(whole(option, value));
        } else if (option == "--interpreters") {
            options.interpreters = whole(option, value);
        } else if (option == "--loads") {
            options.loads = whole(option, value);
        } else {
            refuse("unknown option '" + std::string(option) + "'");
        }
    }
    if (find_scenario(options.scenario) == nullptr) {
        refuse("unknown scenario '" + options.scenario + "'");
    }
    options.face = face_of(options.scenario);
    if (options.threads == 0) refuse("--threads is 0; at least 1 was expected");
    if (options.seed == 0) options.seed = std::random_device{}() | 1U;
    return options;
}

} // namespace hpystate::stress
