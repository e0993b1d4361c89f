// A store that fails for a moment, at every point of a transfer: no client is cut, and none is left to the app, while
// the moment is shorter than the time that there is; where it is longer, they end within that time.
#include <boost/test/unit_test.hpp>

#include "seed.hpp"
#include "world.hpp"

#include <array>
#include <list>
#include <string>

namespace sluice::media::simulation {

namespace {

std::string_view to_string(fault f) {
    constexpr std::array<std::string_view, 5> names{"refused", "reset", "stalled", "503", "429"};
    return names[static_cast<std::size_t>(f)];
}

struct client {
    milliseconds at;
    reader_spec spec;
    reader_outcome out{};
};

/// How many requests ended how.
struct outcomes {
    unsigned complete{0};
    unsigned cut{0};
    unsigned fell_back{0};
    unsigned left{0};
    steady_clock::duration longest{}; ///< until one ended that failed, since its last byte
};

/// Held to: what a request says that came at `began`, with this blip.
void check(const client& c, const blip& b, outcomes& all) {
    const auto& o = c.out;
    const auto grain = last_pause + retry_grain + b.retry_after;
    const bool short_for_first = b.end + grain < o.began + fetch_timeout || b.begin >= o.began + fetch_timeout;
    const bool short_for_rest = b.end - b.begin + grain < response_timeout;
    const milliseconds wait_for_first = max_wait_for_first;
    BOOST_TEST((o.complete || o.cut || o.fell_back || o.left), "it never ends");
    all.complete += o.complete ? 1 : 0;
    all.left += o.left ? 1 : 0;
    if (o.fell_back) {
        ++all.fell_back;
        BOOST_TEST(!short_for_first,
                   "left to the app: " << to_string(*o.fell_back) << ", after " << in_ms(o.ended - o.began) << " ms");
        BOOST_TEST(in_ms(o.ended - o.began) <= in_ms(wait_for_first));
        all.longest = std::max(all.longest, o.ended - o.began);
    }
    if (o.cut) {
        ++all.cut;
        BOOST_TEST(!short_for_rest, "cut: " << to_string(*o.cut) << ", after " << in_ms(o.ended - o.began) << " ms");
        BOOST_TEST(in_ms(o.ended - o.last_byte) <= in_ms(max_wait_for_rest));
        all.longest = std::max(all.longest, o.ended - o.last_byte);
    }
    if (o.first_byte) {
        BOOST_TEST(in_ms(*o.first_byte - o.began) <= in_ms(wait_for_first), "late first byte");
    }
}

constexpr std::uint64_t object_size = 6 * MiB;

/// Runs `clients` with the blip `b`, whose begin is counted from the beginning of the run.
void run(std::list<client> clients, fault kind, milliseconds begin, milliseconds length, outcomes& all) {
    world w(object_size);
    w.store.rate = 10 * MB;
    w.store.is_known();
    const auto began = w.clock.now() + seconds(20);
    w.store.blips.push_back(
        {kind, began + begin, began + begin + length, kind == fault::throttled ? milliseconds(1000) : milliseconds(0)});
    for (auto& c : clients) {
        read_at(w, began + c.at, c.spec, c.out);
    }
    w.clock.run(began + seconds(90));
    for (const auto& c : clients) {
        BOOST_TEST_CONTEXT(to_string(kind) << " from " << begin.count() << " ms on for " << length.count()
                                           << " ms; request at " << c.at.count() << " ms for " << c.spec.first << "-"
                                           << (c.spec.last ? std::to_string(*c.spec.last) : "") << " at "
                                           << c.spec.rate.value_or(0) / MB << " MB/s") {
            check(c, w.store.blips.front(), all);
        }
    }
}

/// At every point: `step` apart, from before the request until `until`.
void at_every_point(const std::list<client>& clients, milliseconds until, milliseconds step, const char* what) {
    for (const auto kind : {fault::refused, fault::reset, fault::stalled, fault::unavailable, fault::throttled}) {
        outcomes all;
        for (const unsigned length : {100U, 1000U, 3000U, 8000U, 10'000U}) {
            const auto back = std::min(milliseconds(length), milliseconds(400));
            for (auto begin = -back; begin <= until; begin += step) {
                run(clients, kind, begin, milliseconds(length), all);
            }
        }
        std::printf("%s, %s: %u complete, %u cut, %u to the app; longest wait of one that failed %.0f ms\n", what,
                    std::string(to_string(kind)).c_str(), all.complete, all.cut, all.fell_back, in_ms(all.longest));
        BOOST_TEST(all.complete > 0U);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_simulation_blips)

BOOST_AUTO_TEST_CASE(of_a_download) {
    at_every_point({{milliseconds(0), {MiB + 5, 3 * MiB}}}, milliseconds(300), milliseconds(15), "download");
}

BOOST_AUTO_TEST_CASE(of_a_viewer) {
    at_every_point({{milliseconds(0), {0, std::nullopt, 2 * MB}}}, milliseconds(3000), milliseconds(100), "viewer");
}

BOOST_AUTO_TEST_CASE(of_those_who_join) {
    std::list<client> clients{{milliseconds(0), {0, std::nullopt, 4 * MB}}};
    for (const unsigned at : {30U, 120U, 400U}) {
        clients.push_back({milliseconds(at), {200'000 + at * 3000, 4 * MiB}});
    }
    at_every_point(clients, milliseconds(600), milliseconds(50), "joined");
}

BOOST_AUTO_TEST_CASE(several_at_random) {
    const auto base = announced_seed("several_at_random");
    for (std::uint32_t run = 0; run < 60; ++run) {
        draw d(base + run);
        world w(object_size);
        w.store.rate = d.one_of({2 * MB, 10 * MB, 40 * MB});
        w.store.is_known();
        w.store.random.seed(base + run + 1);
        auto at = w.clock.now() + milliseconds(d.between(0, 1500));
        std::string text;
        for (int i = 0; i < 3; ++i) {
            const auto kind = static_cast<fault>(d.below(5));
            const milliseconds length(d.between(100, 2000));
            w.store.blips.push_back({kind, at, at + length, milliseconds(kind == fault::throttled ? 1000 : 0)});
            text += "\n  " + std::string(to_string(kind)) + " from " + std::to_string(in_ms(at - w.clock.now())) +
                    " ms on for " + std::to_string(length.count()) + " ms";
            at += length + seconds(4); // a request meets one of them at its beginning
        }
        std::list<client> clients;
        for (auto count = d.between(1, 6); count > 0; --count) {
            client c{milliseconds(d.between(0, 8000)), {d.below(3 * MiB), std::nullopt}};
            c.spec.last = d.one_in(2) ? std::optional(c.spec.first + d.below(3 * MiB)) : std::nullopt;
            c.spec.rate = d.one_in(3) ? std::nullopt : std::optional(d.one_of({0.5 * MB, 2 * MB}));
            clients.push_back(c);
        }
        const auto began = w.clock.now();
        for (auto& c : clients) {
            read_at(w, began + c.at, c.spec, c.out);
        }
        w.clock.run(began + seconds(90));
        for (const auto& c : clients) {
            BOOST_TEST(c.out.complete, "SLUICE_TEST_SEED=" << base + run << text << "\n request at " << c.at.count()
                                                           << " ms for " << c.spec.first << " and on: "
                                                           << (c.out.cut         ? "cut"
                                                               : c.out.fell_back ? "to the app"
                                                                                 : "?"));
        }
        BOOST_TEST(w.counts.broken_fills == 0U, "SLUICE_TEST_SEED=" << base + run << text);
        BOOST_TEST(w.counts.published_bytes <= w.size());
        BOOST_TEST(!w.store.breaker.is_open());
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
