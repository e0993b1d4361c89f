// What an assertion does where they are on, whatever the preset. Includes no other header of ours: what else asserts
// inline must be compiled in one way only.
#ifndef SLUICE_ASSERTIONS
#define SLUICE_ASSERTIONS 1
#endif
#include <sluice/base/assert.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace {

struct outcome {
    int status{0};       ///< as of `waitpid`
    std::string printed; ///< to stderr
};

/// Runs `body` in a child process without core dumps, which ends with status 0 where `body` returns.
template <class F>
outcome in_a_child(F body) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(pipe(ends.data()) == 0);
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL); // Boost.Test has a handler
        const rlimit none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(ends[1]);
    outcome seen;
    std::array<char, 256> buffer{};
    for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
        seen.printed.append(buffer.data(), static_cast<std::size_t>(n));
    }
    close(ends[0]);
    BOOST_REQUIRE(waitpid(child, &seen.status, 0) == child);
    return seen;
}

} // namespace

BOOST_AUTO_TEST_SUITE(assertions_on)

BOOST_AUTO_TEST_CASE(a_broken_invariant_aborts_and_says_which_and_where) {
    const int published = 2;
    const int line = __LINE__ + 1;
    const auto seen = in_a_child([published] { SLUICE_ASSERT(published <= 1); });
    BOOST_TEST(WIFSIGNALED(seen.status));
    BOOST_TEST(WTERMSIG(seen.status) == SIGABRT);
    BOOST_TEST(seen.printed ==
               std::string(__FILE__) + ":" + std::to_string(line) + ": assertion failed: published <= 1\n");
}

BOOST_AUTO_TEST_CASE(one_that_holds_does_nothing) {
    int evaluated = 0;
    SLUICE_ASSERT(++evaluated == 1);
    BOOST_TEST(evaluated == 1);
    const auto seen = in_a_child([] { SLUICE_ASSERT(true); });
    BOOST_TEST(WIFEXITED(seen.status));
    BOOST_TEST(seen.printed.empty());
}

BOOST_AUTO_TEST_SUITE_END()
