// The records of an object's blocks, against a plain list of all its pages.
#include <sluice/cache/block_table.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <random>
#include <vector>

namespace sluice::cache::testing {

namespace {

using stored = block_table::stored;
using page = block_table::page_record;

struct model {
    page_layout layout;
    std::vector<page> pages;
    std::vector<std::uint64_t> sums;

    explicit model(page_layout s)
        : layout(s)
        , pages(s.pages())
        , sums(s.pages()) {}
    [[nodiscard]] bool held(std::size_t block) const {
        for (std::size_t p = block * layout.pages_per_block(); p < pages.size() && layout.block_of_page(p) == block;
             ++p) {
            if (pages[p].state != stored::absent) {
                return true;
            }
        }
        return false;
    }
    template <class F>
    std::size_t next(std::size_t first, std::size_t last, F is) const {
        while (first <= last && !is(pages[first])) {
            ++first;
        }
        return first;
    }
};

bool readable(const page& p) {
    return p.readable();
}
bool unreadable(const page& p) {
    return !p.readable();
}
bool taken(const page& p) {
    return p.punching || p.state == stored::filling || p.state == stored::present;
}

void compare(const block_table& t, const model& m, std::mt19937& random) {
    std::size_t held = 0;
    for (std::size_t block = 0; block < m.layout.blocks(); ++block) {
        BOOST_REQUIRE(t.holds(block) == m.held(block));
        held += m.held(block) ? 1 : 0;
    }
    BOOST_REQUIRE(t.held_blocks() == held);
    for (std::size_t p = 0; p < m.pages.size(); ++p) {
        const auto got = t.at(p);
        BOOST_REQUIRE((got.state == m.pages[p].state));
        BOOST_REQUIRE(got.punching == m.pages[p].punching);
        BOOST_REQUIRE(got.verified == m.pages[p].verified);
        if (got.readable()) {
            BOOST_REQUIRE(t.checksum(p) == m.sums[p]);
        }
    }
    for (int i = 0; i < 20; ++i) {
        const std::size_t first = random() % m.pages.size();
        const std::size_t last = first + random() % (m.pages.size() - first);
        BOOST_REQUIRE(t.next_readable(first, last) == m.next(first, last, readable));
        BOOST_REQUIRE(t.next_unreadable(first, last) == m.next(first, last, unreadable));
        BOOST_REQUIRE(t.next_taken(first, last) == m.next(first, last, taken));
        const std::size_t block = random() % m.layout.blocks();
        std::size_t next = block;
        while (next < m.layout.blocks() && !m.held(next)) {
            ++next;
        }
        BOOST_REQUIRE(t.next_held(block).value_or(m.layout.blocks()) == next);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(block_tables)

BOOST_AUTO_TEST_CASE(any_sequence_of_changes_leaves_what_a_plain_list_would_hold) {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    const auto policy = make_lru(7);
    BOOST_TEST_CONTEXT("seed " << seed) {
        std::mt19937 random(seed);
        for (const std::uint64_t pages_a_block : {1U, 3U, 4U, 16U, 17U, 256U}) {
            const page_layout layout{(7 + random() % 300) * page_size - random() % page_size,
                                     pages_a_block * page_size};
            block_gauge gauge;
            {
                block_table t(layout, gauge);
                model m(layout);
                std::vector<std::size_t> pinned;
                for (int round = 0; round < 400; ++round) {
                    const std::size_t first = random() % m.pages.size();
                    const std::size_t last = std::min(m.pages.size() - 1, first + random() % (3 * pages_a_block));
                    const bool mostly_present = random() % 3 != 0;
                    for (std::size_t p = first; p <= last; ++p) {
                        const auto state = mostly_present ? stored::present : static_cast<stored>(random() % 4);
                        const bool some = state != stored::absent;
                        m.pages[p] = {state, some && random() % 20 == 0, some && random() % 2 == 0};
                        m.sums[p] = random();
                        t.set(p, m.pages[p]);
                        t.set_checksum(p, m.sums[p]);
                    }
                    if (random() % 4 == 0) {
                        pinned.push_back(layout.block_of_page(first));
                        t.pin(pinned.back(), *policy);
                        BOOST_REQUIRE(t.last_use(pinned.back()).value == 7U);
                    } else if (!pinned.empty()) {
                        BOOST_REQUIRE(t.pinned(pinned.back()));
                        t.unpin(pinned.back());
                        pinned.pop_back();
                    }
                    compare(t, m, random);
                    BOOST_REQUIRE(gauge.blocks() == t.held_blocks());
                }
            }
            BOOST_TEST(gauge.blocks() == 0U);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
