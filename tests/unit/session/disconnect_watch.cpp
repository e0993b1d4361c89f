#include <sluice/session/disconnect_watch.hpp>

#include <boost/test/unit_test.hpp>

#include "polled_client.hpp"

namespace sluice::session {
namespace {

using namespace std::chrono_literals;

struct fixture : polling_worker, polled_client {
    explicit fixture(bool half_close)
        : polling_worker(half_close)
        , polled_client(w, *context) {}

    int told{0};
};

void count(void* context) {
    ++static_cast<fixture*>(context)->told;
}

} // namespace

BOOST_AUTO_TEST_SUITE(disconnect_watches)

BOOST_AUTO_TEST_CASE(a_client_that_is_there_is_not_gone) {
    fixture f(false);
    const disconnect_watch watch(*f.x, count, &f);
    f.poll(0ms);
    f.peer.write_some(asio::buffer("next", 4)); // a request ahead hides nothing and means nothing
    f.poll(1000ms);
    BOOST_TEST(!watch.client_gone());
}

BOOST_AUTO_TEST_CASE(a_half_closed_client_is_gone_after_its_grace) {
    fixture f(false);
    const disconnect_watch watch(*f.x, count, &f);
    f.peer.write_some(asio::buffer("next", 4));
    f.peer.shutdown(tcp_socket::shutdown_send);
    f.poll(0ms);
    f.poll(99ms);
    BOOST_TEST(!watch.client_gone());
    f.poll(100ms);
    BOOST_TEST(watch.client_gone());
    f.poll(200ms);
    BOOST_TEST(f.told == 1);
}

BOOST_AUTO_TEST_CASE(its_end_counts_only_once_the_body_was_read) {
    fixture f(false);
    f.x->body_read = false;
    const disconnect_watch watch(*f.x, count, &f);
    f.peer.shutdown(tcp_socket::shutdown_send);
    f.poll(0ms);
    f.poll(1000ms);
    BOOST_TEST(!watch.client_gone());
    f.x->body_read = true;
    f.poll(2000ms);
    BOOST_TEST(!watch.client_gone());
    f.poll(2100ms);
    BOOST_TEST(watch.client_gone());
}

BOOST_AUTO_TEST_CASE(half_close_may_be_allowed_but_a_reset_is_gone_at_once) {
    fixture f(true);
    const disconnect_watch watch(*f.x, count, &f);
    f.peer.shutdown(tcp_socket::shutdown_send);
    f.poll(0ms);
    f.poll(1000ms);
    BOOST_TEST(!watch.client_gone());
    f.reset();
    f.poll(1001ms);
    BOOST_TEST(watch.client_gone());
    BOOST_TEST(f.told == 1);
}

BOOST_AUTO_TEST_CASE(who_does_not_watch_is_not_told) {
    fixture f(false);
    disconnect_watch watch(*f.x, count, &f);
    watch.stop();
    { const disconnect_watch shorter(*f.x, count, &f); }
    f.peer.close();
    f.poll(0ms);
    f.poll(1000ms);
    BOOST_TEST(f.told == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::session
