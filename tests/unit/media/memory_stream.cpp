#include <sluice/media/memory_streams.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <random>
#include <thread>

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t piece = memory_piece;
constexpr own_request own{50ms, origin::byte_time(25)};
using kind = memory_span::kind;

constexpr char byte_at(std::uint64_t offset) {
    return static_cast<char>((offset * 2654435761U) >> 7U);
}

bool is_right(std::string_view bytes, std::uint64_t position) {
    for (const char c : bytes) {
        if (c != byte_at(position++)) {
            return false;
        }
    }
    return true;
}

memory_stream::description about(std::uint64_t first, std::uint64_t size, std::string validator = "\"v\"") {
    memory_stream::description d;
    d.object = "store\nkey";
    d.head = {206, size, {first, size - 1}, true, std::move(validator), {}, {}};
    d.received = steady_clock::now();
    return d;
}

/// Streams that share `limit` bytes, of which the tests read without a store.
struct fixture {
    explicit fixture(std::uint64_t limit = 64 * max_ring)
        : streams(limit, counters) {}
    asio::io_context context{1};
    metrics::metrics counters;
    memory_streams streams;
};

/// Reads on until the producer has to wait; how many bytes.
std::uint64_t produce(memory_stream& s, steady_clock::time_point now = steady_clock::now()) {
    std::uint64_t read = 0;
    for (;;) {
        const auto step = s.next_step(now);
        if (step.what != memory_stream::step::kind::read) {
            return read;
        }
        const auto n = std::min<std::uint64_t>(step.room.size(), 10000);
        const auto position = s.position();
        for (std::uint64_t i = 0; i < n; ++i) {
            step.room[i] = byte_at(position + i);
        }
        s.commit(n, origin::byte_time(25));
        read += n;
    }
}

/// Takes all that is there, up to before `end`.
std::uint64_t take(memory_follower& f, std::uint64_t position, std::uint64_t end = UINT64_MAX) {
    while (position < end) {
        const auto s = f.next(position);
        if (s.what != kind::readable) {
            return position;
        }
        BOOST_REQUIRE(is_right(s.bytes, position));
        position += s.bytes.size();
    }
    return position;
}

kind at(memory_follower& f, std::uint64_t position) {
    return f.next(position).what;
}

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(kind)
BOOST_TEST_DONT_PRINT_LOG_VALUE(memory_stream::step::kind)

BOOST_FIXTURE_TEST_SUITE(media_memory_stream, fixture)

BOOST_AUTO_TEST_CASE(reads_ahead_of_who_follows_and_no_further) {
    auto f = streams.begin(about(100, 100 * piece), context.get_executor());
    BOOST_REQUIRE(f);
    const auto kept = f->stream();
    auto& s = *kept;
    BOOST_TEST(produce(s) == 0U); // nothing is wanted yet
    f->want({100, 20 * piece});
    const auto ahead = produce(s);
    BOOST_TEST(ahead >= max_ahead);
    BOOST_TEST(ahead < max_ahead + piece);
    BOOST_TEST(take(*f, 100) == 100 + ahead);
    BOOST_TEST(produce(s) > 0U);
    f->want({100, 100 + piece - 1});
    BOOST_TEST(s.wanted_end() == 100 + piece);
    f.reset();
    BOOST_TEST((s.next_step(steady_clock::now()).what == memory_stream::step::kind::end));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_when_the_last_one_leaves) {
    auto a = streams.begin(about(0, 100 * piece), context.get_executor());
    a->want({0, 100 * piece - 1});
    const auto s = a->stream();
    produce(*s);
    auto b = s->try_follow(context.get_executor(), {piece, 2 * piece}, own);
    BOOST_REQUIRE(b);
    BOOST_TEST(streams.of("store\nkey").size() == 1U);
    a.reset();
    BOOST_TEST(streams.any());
    BOOST_TEST(s->is_followed());
    b.reset();
    BOOST_TEST(!streams.any());
    BOOST_TEST(streams.of("store\nkey").empty());
    BOOST_TEST(!s->try_follow(context.get_executor(), {0, 1}, own)); // found before, and ended since
}

BOOST_AUTO_TEST_CASE(memory_is_given_back) {
    auto a = streams.begin(about(0, 100 * piece), context.get_executor());
    a->want({0, 100 * piece - 1});
    for (std::uint64_t position = 0; position < 50 * piece;) {
        produce(*a->stream());
        position = take(*a, position);
    }
    BOOST_TEST(streams.used_bytes() >= min_ring);
    BOOST_TEST(streams.used_bytes() <= max_ring);
    a.reset();
    BOOST_TEST(streams.used_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(without_room_none_begins) {
    memory_streams few(2 * min_ring, counters);
    auto a = few.begin(about(0, 100 * piece), context.get_executor());
    auto b = few.begin(about(0, 100 * piece), context.get_executor());
    BOOST_TEST(!few.has_room());
    BOOST_TEST(!few.begin(about(0, 100 * piece), context.get_executor()));
    BOOST_TEST(counters.memory_exhausted->Value() == 1);
    a.reset();
    BOOST_TEST(few.has_room());
}

BOOST_AUTO_TEST_CASE(who_is_too_slow_is_left_behind_and_has_what_it_was_given) {
    auto fast = streams.begin(about(0, 1000 * piece), context.get_executor());
    const auto s = fast->stream();
    fast->want({0, 1000 * piece - 1});
    produce(*s);
    auto slow = s->try_follow(context.get_executor(), {10, 1000 * piece - 1}, own);
    BOOST_REQUIRE(slow);
    const auto given = slow->next(10);
    BOOST_REQUIRE(given.what == kind::readable);
    const auto began = steady_clock::now();
    std::uint64_t position = 0;
    for (int i = 0; i < 100; ++i) {
        produce(*s, began);
        position = take(*fast, position);
    }
    BOOST_TEST(position == max_ring); // held back
    BOOST_TEST(counters.memory_streams_left->Value() == 0);
    const auto step = s->next_step(began);
    BOOST_TEST((step.what == memory_stream::step::kind::wait));
    BOOST_TEST((step.until > began));
    BOOST_TEST((step.until < began + 1s));
    BOOST_TEST(produce(*s, step.until + 1s) > 0U);
    BOOST_TEST(take(*fast, position) > position);
    BOOST_TEST(counters.memory_streams_left->Value() == 1);
    BOOST_TEST(is_right(given.bytes, 10));
    BOOST_TEST(at(*slow, 10 + given.bytes.size()) == kind::left_behind);
    slow.reset();
    BOOST_TEST(s->is_followed());
}

BOOST_AUTO_TEST_CASE(without_a_validator_nobody_is_left_behind) {
    auto fast = streams.begin(about(0, 1000 * piece, ""), context.get_executor());
    const auto s = fast->stream();
    fast->want({0, 1000 * piece - 1});
    produce(*s);
    auto slow = s->try_follow(context.get_executor(), {0, 1000 * piece - 1}, own);
    BOOST_REQUIRE(slow);
    std::uint64_t position = 0;
    for (int i = 0; i < 100; ++i) {
        produce(*s, steady_clock::now() + std::chrono::hours(i));
        position = take(*fast, position);
    }
    BOOST_TEST(position == max_ring);
    BOOST_TEST(!s->try_follow(context.get_executor(), {0, 1000 * piece - 1}, own)); // it would be held back too
    BOOST_TEST(take(*slow, 0) == max_ring);
    BOOST_TEST(produce(*s) > 0U);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_how_it_ended) {
    auto a = streams.begin(about(0, 10 * piece), context.get_executor());
    const auto s = a->stream();
    a->want({0, 10 * piece - 1});
    produce(*s);
    const auto position = take(*a, 0);
    s->end(error{errc::timeout, error_source::origin, true});
    const auto told = a->next(position);
    BOOST_TEST(told.what == kind::ended);
    BOOST_REQUIRE(!told.outcome);
    BOOST_TEST((told.outcome.error().code == errc::timeout));
    BOOST_TEST(!streams.any());
    BOOST_TEST(!s->try_follow(context.get_executor(), {0, 1}, own));
    BOOST_TEST(at(*a, 0) == kind::readable); // what came is there yet
}

BOOST_AUTO_TEST_CASE(what_came_whole_is_there_for_others_as_long_as_it_is_sent) {
    auto a = streams.begin(about(0, 3 * piece, ""), context.get_executor());
    a->want({0, 3 * piece - 1});
    BOOST_TEST(produce(*a->stream()) == 3 * piece);
    a->stream()->end({});
    auto b = a->stream()->try_follow(context.get_executor(), {0, 3 * piece - 1}, own);
    BOOST_REQUIRE(b);
    a.reset();
    BOOST_TEST(take(*b, 0, 3 * piece) == 3 * piece);
    b.reset();
    BOOST_TEST(!streams.any());
    BOOST_TEST(streams.used_bytes() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Two workers, and what went wrong on them: Boost.Test's own checks are for one thread alone.
struct two_workers {
    std::array<asio::io_context, 2> contexts{asio::io_context(1), asio::io_context(1)};
    metrics::metrics counters;
    memory_streams streams{6 * min_ring, counters};
    std::atomic<int> faults{0};
    std::atomic<int> whole{0};
    std::atomic<int> left_behind{0};
    std::atomic<int> running{0};
    std::array<asio::executor_work_guard<executor>, 2> until_all_left{asio::make_work_guard(contexts[0]),
                                                                      asio::make_work_guard(contexts[1])};

    void one_less() {
        if (--running == 0) {
            until_all_left[0].reset();
            until_all_left[1].reset();
        }
    }
};

using generator = std::mt19937;

std::uint64_t below(generator& random, std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
}

/// Lets others run; now and then for a while.
awaitable<void> pause_at_random(generator& random, std::uint64_t one_in) {
    const auto ex = co_await asio::this_coro::executor;
    steady_timer timer(ex, below(random, one_in) == 0 ? std::chrono::microseconds(below(random, 3000)) : 0us);
    auto [ec] = co_await timer.async_wait(use_tuple);
    static_cast<void>(ec);
}

awaitable<void> run_producer(std::shared_ptr<memory_stream> s, generator::result_type seed) {
    generator random(seed);
    for (;;) {
        const auto step = s->next_step(steady_clock::now());
        if (step.what == memory_stream::step::kind::end) {
            break;
        }
        if (step.what == memory_stream::step::kind::wait) {
            co_await s->wait(step.until);
            continue;
        }
        const auto n = below(random, step.room.size()) + 1;
        const auto position = s->position();
        for (std::uint64_t i = 0; i < n; ++i) {
            step.room[i] = byte_at(position + i);
        }
        co_await pause_at_random(random, 50);
        s->commit(n, origin::byte_time(25));
    }
    s->end({});
}

awaitable<void> run_follower(two_workers& w, std::unique_ptr<memory_follower> f, http::byte_range wanted,
                             generator::result_type seed) {
    generator random(seed);
    const auto one_in = below(random, 4) == 0 ? 2 : 200; // some are slow
    const std::uint64_t leaves_at = below(random, 5) == 0 ? below(random, wanted.length()) : UINT64_MAX;
    f->want(wanted);
    std::uint64_t position = wanted.first;
    while (position <= wanted.last && position - wanted.first < leaves_at) {
        const auto s = f->next(position);
        if (s.what == kind::left_behind) {
            ++w.left_behind;
            break;
        }
        if (s.what == kind::ended) {
            ++w.faults;
            break;
        }
        if (s.what == kind::wait) {
            co_await f->wait(steady_clock::time_point::max());
            continue;
        }
        co_await pause_at_random(random, one_in);
        w.faults += is_right(s.bytes, position) ? 0 : 1;
        w.faults += w.streams.used_bytes() <= 6 * min_ring ? 0 : 1;
        position += s.bytes.size();
    }
    w.whole += position > wanted.last ? 1 : 0;
    f.reset();
    w.one_less();
}

/// Follows what runs, or begins another; some time after the start.
awaitable<void> run_client(two_workers& w, std::size_t worker, http::byte_range wanted, bool is_resumable,
                           generator::result_type seed) {
    generator random(seed);
    for (auto i = below(random, 40); i > 0; --i) {
        co_await pause_at_random(random, 3);
    }
    const auto ex = w.contexts[worker].get_executor();
    for (const auto& each : w.streams.of("store\nkey")) {
        if (auto f = each->try_follow(ex, wanted, own)) {
            asio::co_spawn(ex, run_follower(w, std::move(f), wanted, seed), asio::detached);
            co_return;
        }
    }
    auto d = about(wanted.first, 60 * piece, is_resumable ? "\"v\"" : "");
    if (auto f = w.streams.begin(std::move(d), ex)) {
        asio::co_spawn(ex, run_producer(f->stream(), seed), asio::detached);
        asio::co_spawn(ex, run_follower(w, std::move(f), wanted, seed), asio::detached);
    } else {
        w.one_less();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_memory_stream_threads)

BOOST_AUTO_TEST_CASE(clients_of_different_pace_on_two_workers) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    generator random(seed);
    int whole = 0;
    int joined_or_begun = 0;
    for (int round = 0; round < 12; ++round) {
        two_workers w;
        w.running = 12;
        const bool is_resumable = round % 2 == 0;
        for (int i = 0; i < 12; ++i) {
            const std::uint64_t first = below(random, 3) == 0 ? below(random, 8 * piece) : 0;
            const http::byte_range wanted{first, first + below(random, 60 * piece - first)};
            const auto worker = below(random, 2);
            asio::co_spawn(w.contexts[worker],
                           run_client(w, worker, wanted, is_resumable, static_cast<unsigned>(random())),
                           asio::detached);
        }
        std::thread other([&w] { w.contexts[1].run(); });
        w.contexts[0].run();
        other.join();
        BOOST_TEST(w.faults == 0);
        BOOST_TEST(w.running == 0);
        BOOST_TEST(w.streams.used_bytes() == 0U);
        BOOST_TEST(!w.streams.any());
        BOOST_TEST((is_resumable || w.left_behind == 0));
        whole += w.whole;
        joined_or_begun += 12;
    }
    BOOST_TEST_MESSAGE(whole << " of " << joined_or_begun << " had all they wanted");
    BOOST_TEST(whole > joined_or_begun / 4);
}

BOOST_AUTO_TEST_SUITE_END()
