// Requests that follow each other: what the next one asks for is there, and little is fetched for nobody.
#include <boost/test/unit_test.hpp>

#include "seed.hpp"
#include "world.hpp"

#include <list>
#include <set>

namespace sluice::media::simulation {

namespace {

/// Ranges that one client asks for, one after the other.
struct sequence_of {
    std::vector<http::byte_range> ranges{};
    /// Bytes a second that are played: the next request comes when what came before is played. None: at once.
    std::optional<double> bit_rate{};
    std::list<reader_outcome> outcomes{};

    [[nodiscard]] std::uint64_t sent() const {
        std::uint64_t all = 0;
        for (const auto& o : outcomes) {
            all += o.sent;
        }
        return all;
    }
    /// The longest wait for a first byte from the `from`th request on.
    [[nodiscard]] steady_clock::duration worst_first_byte(std::size_t from) const {
        steady_clock::duration worst{};
        for (std::size_t i = 0; const auto& o : outcomes) {
            if (i++ >= from) {
                worst = std::max(worst, o.first_byte ? *o.first_byte - o.began : steady_clock::duration::max());
            }
        }
        return worst;
    }
};

awaitable<void> play(world& w, sequence_of& s) {
    for (const auto& range : s.ranges) {
        const auto began = w.clock.now();
        auto& out = s.outcomes.emplace_back();
        co_await read_range(w, {range.first, range.last}, out);
        if (s.bit_rate) {
            const std::chrono::duration<double> played(static_cast<double>(range.length()) / *s.bit_rate);
            co_await w.clock.until(began + std::chrono::duration_cast<steady_clock::duration>(played));
        }
    }
}

/// Plays it on an object of its own; gives how many bytes of the store's were not sent, as a part of those that were.
double unsent_of(world& w, sequence_of& s) {
    w.store.is_known();
    w.clock.spawn(play(w, s));
    w.clock.run(w.clock.now() + std::chrono::hours(1));
    BOOST_TEST(s.outcomes.size() == s.ranges.size());
    for (const auto& o : s.outcomes) {
        BOOST_TEST(o.complete);
    }
    const auto sent = static_cast<double>(s.sent());
    return (static_cast<double>(w.store.bytes_sent) - sent) / sent;
}

/// Of whole pages: else the first byte of each lies in the last page of the one before, and is always there.
std::vector<http::byte_range> neighbours(std::uint64_t from, std::size_t count, std::uint64_t least, std::uint64_t most,
                                         draw& d) {
    std::vector<http::byte_range> ranges;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t length = d.between(least, most) / cache::page_size * cache::page_size;
        ranges.push_back({from, from + length - 1});
        from += length;
    }
    return ranges;
}

/// As PDF.js asks for chunks of 64 KiB: the first, the last, then mostly forward, now and then one elsewhere (a font,
/// an image that pages share) and back.
std::vector<http::byte_range> pdf_chunks(std::uint64_t chunks, draw& d) {
    std::vector<std::uint64_t> order{0, chunks - 1};
    for (std::uint64_t at = 1; order.size() < 60;) {
        order.push_back(at);
        at += d.one_in(5) ? 2 : 1;
        if (d.below(100) < 12) {
            order.push_back(d.between(chunks / 2, chunks - 2));
        }
    }
    std::set<std::uint64_t> seen;
    std::vector<http::byte_range> ranges;
    for (const auto chunk : order) {
        if (seen.insert(chunk).second) {
            ranges.push_back({chunk * 64 * KiB, (chunk + 1) * 64 * KiB - 1});
        }
    }
    return ranges;
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_simulation_sequences)

BOOST_AUTO_TEST_CASE(segments_of_players_are_there_when_they_are_asked_for) {
    const auto base = announced_seed("segments_of_players_are_there_when_they_are_asked_for");
    double worst = 0;
    for (std::uint32_t run = 0; run < 20; ++run) {
        draw d(base + run);
        world w(512 * MiB);
        w.store.rate = d.one_of({10 * MB, 40 * MB});
        w.store.latency = milliseconds(d.one_of({20U, 50U, 200U}));
        const std::uint64_t least = d.one_of({200 * KiB, MiB, 3 * MiB});
        // Who leaves sooner loses a block, or a segment, of less.
        const std::size_t count = std::max<std::size_t>(30, 24 * MiB / least);
        sequence_of s{neighbours(0, count, least, 2 * least, d), d.one_of({MB / 2, 1 * MB, 4 * MB})};
        // What is foreseen at first is a block: who plays more while the store answers twice waits now and then.
        if (*s.bit_rate > 2 * MB) {
            w.store.latency = std::min<steady_clock::duration>(w.store.latency, milliseconds(20));
        }
        BOOST_TEST_CONTEXT("SLUICE_TEST_SEED=" << base + run << ", segments from " << least / KiB << " KiB, played at "
                                               << *s.bit_rate / MB << " MB/s, store: " << w.store.rate / MB << " MB/s, "
                                               << in_ms(w.store.latency) << " ms") {
            const double unsent = unsent_of(w, s);
            worst = std::max(worst, unsent);
            BOOST_TEST(unsent < max_unsent_of_player);
            BOOST_TEST(in_ms(s.worst_first_byte(foreseen_from)) <= in_ms(is_there));
        }
    }
    std::printf("players: at most %.3f of what was sent was fetched and not sent\n", worst);
}

BOOST_AUTO_TEST_CASE(small_ranges_in_turn) {
    draw d(1);
    world w(64 * MiB);
    sequence_of s{neighbours(0, 64, 64 * KiB, 64 * KiB, d)};
    const auto began = w.clock.now();
    const double unsent = unsent_of(w, s);
    BOOST_TEST(unsent <= 0.25 + 1e-9);
    const double total = in_ms(s.outcomes.back().ended - began);
    BOOST_TEST(total < 0.2 * 64 * 50); // one request each would take 64 times the latency
    std::printf("64 ranges of 64 KiB: %.0f ms, %.3f not sent\n", total, unsent);
}

BOOST_AUTO_TEST_CASE(a_pdf) {
    const auto base = announced_seed("a_pdf");
    double all = 0;
    double worst = 0;
    constexpr std::uint32_t runs = 30;
    for (std::uint32_t run = 0; run < runs; ++run) {
        draw d(base + run);
        world w(24 * MiB);
        sequence_of s{pdf_chunks(24 * MiB / (64 * KiB), d)};
        const double unsent = unsent_of(w, s);
        all += unsent / runs;
        worst = std::max(worst, unsent);
    }
    std::printf("PDFs: %.3f not sent, %.3f at most\n", all, worst);
    BOOST_TEST(all < max_unsent_of_pdf, "SLUICE_TEST_SEED=" << base);
}

BOOST_AUTO_TEST_CASE(random_access_is_exact) {
    const auto base = announced_seed("random_access_is_exact");
    for (std::uint32_t run = 0; run < 20; ++run) {
        draw d(base + run);
        world w(std::uint64_t{8} << 30U);
        sequence_of s;
        std::set<std::uint64_t> pages;
        for (int i = 0; i < 30; ++i) {
            const std::uint64_t first = d.below(w.size() - 10'000);
            s.ranges.push_back({first, first + 9'999});
            pages.insert(first / cache::page_size);
            pages.insert((first + 9'999) / cache::page_size);
        }
        unsent_of(w, s);
        BOOST_TEST(w.store.bytes_sent == pages.size() * cache::page_size, "SLUICE_TEST_SEED=" << base + run);
    }
}

BOOST_AUTO_TEST_CASE(two_neighbours_are_no_sequence) {
    draw d(1);
    world w(64 * MiB);
    sequence_of s{neighbours(0, 2, MiB, MiB, d)};
    BOOST_TEST(unsent_of(w, s) == 0.0);
    BOOST_TEST(w.store.bytes_sent == 2 * MiB);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::media::simulation
