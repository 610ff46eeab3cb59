/// tests/main.cpp: the entry point of all programs of Catch2, version 2 or 3, and the time limit of
/// each test.
///
/// HPYSTATE_TEST_SECONDS in the environment is another limit.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
using Listener = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using Listener = Catch::TestEventListenerBase;
#endif

#include "tests/limits/stacks.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace {

double limit_in_seconds = 0;

double read_limit() {
    const char* const said = std::getenv("HPYSTATE_TEST_SECONDS");
    if (said == nullptr) return HPYSTATE_LIMIT;
    char* end = nullptr;
    const double value = std::strtod(said, &end);
    if (end != said && *end == '\0' && value > 0) return value;
    std::fprintf(stderr, "HPYSTATE_TEST_SECONDS=%s: a number of seconds was expected\n", said);
    std::exit(2);
}

class Limits : public Listener {
  public:
    using Listener::Listener;

    void testCaseStarting(const Catch::TestCaseInfo& test) override {
        const int result =
            hpystate_limit_begin(test.name.c_str(), limit_in_seconds, 0, STDERR_FILENO, 0);
        if (result == 0) return;
        std::perror("tests/main.cpp: a timer for the time limit");
        std::exit(2);
    }
    void testCaseEnded(const Catch::TestCaseStats&) override { hpystate_limit_end(); }
};

} // namespace

CATCH_REGISTER_LISTENER(Limits)

int main(int argc, char** argv) {
    limit_in_seconds = read_limit();
    return Catch::Session().run(argc, argv);
}
