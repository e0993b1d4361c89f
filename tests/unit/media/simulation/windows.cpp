// How much the store sends for a reader that takes little, or nothing; and that a viewer does not wait for its windows.
#include <boost/test/unit_test.hpp>

#include "world.hpp"

namespace sluice::media::simulation {

namespace {

/// The most that the store had sent ahead of what the reader had taken, looked at every half second until `time` is
/// over.
std::uint64_t ahead_of(const reader_spec& spec, std::uint64_t read_ahead_bytes, steady_clock::duration time) {
    world w(512 * MiB, read_ahead_bytes);
    w.store.is_known();
    reader_outcome out;
    const auto began = w.clock.now();
    read_at(w, began, spec, out);
    std::uint64_t most = 0;
    for (auto t = began; t <= began + time; t += milliseconds(500)) {
        w.clock.run(t);
        most = std::max(most, w.store.bytes_sent - out.taken);
    }
    BOOST_TEST(out.first_byte.has_value());
    return most;
}

/// A range to which a client that takes little or nothing may hold on.
struct asked_range {
    const char* name;
    std::optional<std::uint64_t> last;
};
constexpr asked_range ranges[] = {{"open", std::nullopt},
                                  {"named, of 64 MiB", 64 * MiB - 1},
                                  {"named, of 10 MiB", 10 * MiB - 1},
                                  {"to the last byte", 512 * MiB - 1}};

template <class F>
void for_each_range(F check) {
    for (const std::uint64_t read_ahead_mib : {16U, 200U}) {
        for (const auto& range : ranges) {
            BOOST_TEST_CONTEXT(range.name << ", read_ahead " << read_ahead_mib << " MiB") {
                check(range.last, read_ahead_mib * MiB);
            }
        }
    }
}

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / MiB;
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_simulation_windows)

BOOST_AUTO_TEST_CASE(a_slow_reader) {
    double worst = 0;
    for_each_range([&worst](std::optional<std::uint64_t> last, std::uint64_t read_ahead_bytes) {
        const double ahead = mib(ahead_of({0, last, 10 * KB}, read_ahead_bytes, seconds(300)));
        worst = std::max(worst, ahead);
        BOOST_TEST(ahead <= mib(max_ahead_of_slow));
    });
    std::printf("at 10 KB/s: at most %.2f MiB ahead\n", worst);
}

BOOST_AUTO_TEST_CASE(one_that_stops) {
    for (const std::uint64_t after : {50'000U, 1'000'000U}) {
        double worst = 0;
        for_each_range([&worst, after](std::optional<std::uint64_t> last, std::uint64_t read_ahead_bytes) {
            const double ahead = mib(ahead_of({0, last, std::nullopt, after}, read_ahead_bytes, seconds(20)));
            worst = std::max(worst, ahead);
            BOOST_TEST(ahead <= mib(max_ahead_of_stopped));
        });
        std::printf("stopped after %.2f MB: at most %.2f MiB ahead\n", static_cast<double>(after) / MB, worst);
    }
}

BOOST_AUTO_TEST_CASE(one_that_stops_after_much) {
    for (const double rate : {5 * MB, 0.0}) {
        const reader_spec spec{0, std::nullopt, rate > 0 ? std::optional(rate) : std::nullopt, 40'000'000};
        const double normal = mib(ahead_of(spec, 16 * MiB, seconds(30)));
        const double large = mib(ahead_of(spec, 200 * MiB, seconds(30)));
        std::printf("stopped after 40 MB at %.0f MB/s: %.2f MiB ahead, with 200 MiB of read_ahead %.2f\n", rate / MB,
                    normal, large);
        BOOST_TEST(normal <= 16.0 + mib(max_ahead_of_stopped));
        if (rate > 0) { // four seconds of what it took
            BOOST_TEST(large <= mib(static_cast<std::uint64_t>(4 * rate)) + mib(max_ahead_of_stopped));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_viewer_seldom_waits) {
    for (const double rate : {2 * MB, 8 * MB, 20 * MB}) {
        for (const unsigned latency : {20U, 50U, 200U}) {
            world w(64 * MiB);
            w.store.latency = milliseconds(latency);
            w.store.is_known();
            reader_outcome out;
            read_at(w, w.clock.now(), {0, std::nullopt, rate}, out);
            w.clock.run(w.clock.now() + seconds(200));
            BOOST_TEST_CONTEXT("at " << rate / MB << " MB/s, store " << latency << " ms") {
                BOOST_TEST(out.complete);
                BOOST_TEST(in_ms(out.first_byte.value_or(never) - out.began) <=
                           latency * max_first_byte + in_ms(first_byte_grain));
                BOOST_TEST(out.waits <= max_waits_of_viewer);
            }
        }
    }
}

// A slow viewer's windows are short: the next one is asked for before all of one is used up.
BOOST_AUTO_TEST_CASE(a_viewer_with_short_windows_waits_for_each) {
    world w(64 * MiB);
    w.store.is_known();
    reader_outcome out;
    read_at(w, w.clock.now(), {0, std::nullopt, 0.5 * MB}, out);
    w.clock.run(w.clock.now() + seconds(200));
    BOOST_TEST(out.complete);
    BOOST_TEST(out.waits <= 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
