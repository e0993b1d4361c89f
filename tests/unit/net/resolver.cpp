#include <sluice/base/async_event.hpp>
#include <sluice/net/resolver.hpp>

#include "fixture.hpp"
#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace {

/// Look-ups of `held.invalid`, `hung.invalid` and `stuck.invalid` wait here, in the resolver's own thread, until they
/// are let go.
struct gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open{false};
    std::atomic<int> asked{0};

    void pass() {
        ++asked;
        std::unique_lock lock(mutex);
        opened.wait(lock, [this] { return open; });
    }
    void let_go() {
        const std::lock_guard lock(mutex);
        open = true;
        opened.notify_all();
    }
};

gate& held() {
    static gate one;
    return one;
}

gate& hung() {
    static gate one;
    return one;
}

gate& stuck() {
    static gate one;
    return one;
}

} // namespace

// The program's own stands before the C library's: `held.invalid` is 127.0.0.1, once it is let go; `unknown.invalid` is
// never asked of a name server.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    const std::string_view name = node == nullptr ? "" : node;
    if (name == "unknown.invalid") {
        return EAI_NONAME;
    }
    if (name == "hung.invalid") {
        hung().pass();
        return EAI_AGAIN;
    }
    if (name == "stuck.invalid") {
        stuck().pass();
        return EAI_AGAIN;
    }
    if (name == "held.invalid") {
        held().pass();
        node = "127.0.0.1";
    }
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto of_system = reinterpret_cast<function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return of_system(node, service, hints, found);
}

namespace sluice::net::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(resolver_tests)

awaitable<void> ask(resolver& names, result<std::vector<asio::ip::address>>& out, async_event& done) {
    out = co_await names.resolve("held.invalid", steady_clock::time_point::max());
    done.notify();
}

awaitable<void> waits_no_longer_than_asked(fixture& f) {
    resolver names(f.w);
    const auto late = co_await names.resolve("held.invalid", steady_clock::now());
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == errc::timeout));
    BOOST_TEST(late.error().retryable);
    BOOST_TEST(names.is_looking_up());

    // Whoever asks meanwhile joins it; the late answer serves them, and those after them.
    result<std::vector<asio::ip::address>> joined = error{};
    const auto done = std::make_shared<async_event>(f.w.get_executor());
    f.w.tasks.spawn(ask(names, joined, *done));
    held().let_go();
    const auto found = co_await names.resolve("held.invalid", steady_clock::time_point::max());
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->front().to_string() == "127.0.0.1");
    BOOST_TEST(!names.is_looking_up());
    const auto again = co_await names.resolve("held.invalid", steady_clock::now());
    BOOST_TEST(again.has_value());
    co_await done->wait();
    BOOST_TEST(held().asked == 1);
    BOOST_REQUIRE(joined.has_value());
    BOOST_TEST((*joined == *found));
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_kept_and_nobody_waits_for_it) {
    fixture f;
    f.run(waits_no_longer_than_asked(f));
}

awaitable<void> acquire_hung(connection_pool& pool, result<void>& out, async_event& done) {
    peer p;
    p.host = "hung.invalid";
    p.port = 1;
    p.connect_timeout = 1h;
    const auto got = co_await pool.acquire(p, acquire_mode::reuse);
    out = got ? result<void>() : result<void>(got.error());
    done.notify();
}

awaitable<void> is_left_at_once(fixture& f) {
    connection_pool pool(f.w, 1, 1s);
    result<void> got;
    const auto done = std::make_shared<async_event>(f.w.get_executor());
    f.w.tasks.spawn(acquire_hung(pool, got, *done));
    while (!pool.is_looking_up()) {
        co_await asio::post(f.w.get_executor(), asio::use_awaitable_t<executor>());
    }
    pool.cancel();
    co_await done->wait(); // the look-up still hangs
    BOOST_TEST(pool.is_looking_up());
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::canceled));
    hung().let_go();
}

BOOST_AUTO_TEST_CASE(a_canceled_pool_waits_for_no_name, *boost::unit_test::timeout(60)) {
    fixture f;
    f.run(is_left_at_once(f));
}

awaitable<void> is_given_up_alone(fixture& f) {
    const auto pool = std::make_shared<connection_pool>(f.w, 1, 1s);
    const auto canceler = std::make_shared<request_canceler>();
    f.w.deadlines.on_tick([pool, canceler] {
        if (pool->is_looking_up()) {
            canceler->cancel();
        }
    });
    send_options options;
    options.canceler = canceler.get();
    f.place.host = "stuck.invalid";
    f.place.connect_timeout = 1h;
    const auto got = co_await send(*pool, f.place, get_request, options);
    BOOST_TEST(pool->is_looking_up()); // for whoever asks next
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::canceled));
    BOOST_TEST((got.error().source == error_source::origin));
    stuck().let_go();
}

BOOST_AUTO_TEST_CASE(a_canceled_request_waits_for_no_name, *boost::unit_test::timeout(60)) {
    fixture f;
    f.run(is_given_up_alone(f));
}

awaitable<void> tells_what_is_unknown(fixture& f) {
    resolver names(f.w);
    const auto none = co_await names.resolve("unknown.invalid", steady_clock::time_point::max());
    BOOST_REQUIRE(!none);
    BOOST_TEST((none.error().code == errc::resolve_failed));
    BOOST_TEST(none.error().retryable);
    BOOST_TEST(none.error().detail.starts_with("resolving unknown.invalid: "));
    BOOST_TEST(!names.is_looking_up());
    const auto numeric = co_await names.resolve("::1", steady_clock::now());
    BOOST_REQUIRE(numeric.has_value());
    BOOST_TEST(numeric->front().to_string() == "::1");
}

BOOST_AUTO_TEST_CASE(unknown_and_numeric_names) {
    fixture f;
    f.run(tells_what_is_unknown(f));
}

awaitable<void> moves_back(fixture& f) {
    resolver names(f.w);
    const auto both = co_await names.resolve("localhost", steady_clock::time_point::max());
    BOOST_REQUIRE(both.has_value());
    names.put_last("localhost", both->front());
    names.put_last("localhost", asio::ip::make_address("192.0.2.1")); // none of its own
    names.put_last("unheard.invalid", both->front());
    const auto turned = co_await names.resolve("localhost", steady_clock::time_point::max());
    BOOST_REQUIRE(turned.has_value());
    BOOST_TEST((turned->back() == both->front()));
    BOOST_TEST(turned->size() == both->size());
}

BOOST_AUTO_TEST_CASE(an_address_that_failed_goes_last) {
    fixture f;
    f.run(moves_back(f));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace sluice::net::test
