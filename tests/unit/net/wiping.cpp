// That of an answer with secrets no copy is left in the buffers that it was read into.
#include <sluice/net/body_buffer.hpp>

#include "../identity/given_back.hpp"
#include "fixture.hpp"
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace sluice::net::test {
namespace {

using identity::test::blocks_left_by;
using identity::test::hush;

/// Answers one request with `text` and waits for the client's end, on a thread of its own and without a copy.
void answer_once(int listening, std::string_view text) {
    const int socket = ::accept(listening, nullptr, nullptr);
    std::array<char, 4096> got{};
    bool well = ::read(socket, got.data(), got.size()) > 0;
    while (well && !text.empty()) {
        const auto n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        well = n > 0;
        text.remove_prefix(well ? static_cast<std::size_t>(n) : 0);
    }
    while (well && ::read(socket, got.data(), got.size()) > 0) {
    }
    ::close(socket);
}

awaitable<void> read_it(fixture& f, bool is_secret, std::string& last_piece) {
    connection_pool pool(f.w, 4, std::chrono::seconds(10));
    send_options options;
    options.response_timeout = std::chrono::seconds(10);
    options.secret_response = is_secret;
    auto answer = co_await send(pool, f.place, get_request, options);
    BOOST_REQUIRE(answer.has_value());
    std::size_t size = 0;
    for (bool more = true; more;) {
        const auto part = co_await answer->read_body();
        BOOST_REQUIRE(part.has_value());
        more = !part->empty();
        size += part->size();
    }
    BOOST_TEST(size > body_buffer::size);
    answer->finish();
    body_buffer next; // the same: each thread keeps those that are given up
    next.allocate();
    last_piece.assign(next.data(), body_buffer::size);
    pool.close();
}

struct found {
    int blocks; ///< that were given back
    bool in_piece;
};

found left_by(const std::string& text, bool is_secret) {
    fixture f;
    boost::system::error_code ec;
    f.listening.native_non_blocking(false, ec);
    std::jthread server([&f, &text] { answer_once(f.listening.native_handle(), text); });
    std::string last_piece;
    last_piece.reserve(body_buffer::size);
    const int blocks = blocks_left_by([&] { f.run(read_it(f, is_secret, last_piece)); });
    return {blocks, last_piece.find(mark) != std::string::npos};
}

} // namespace

BOOST_AUTO_TEST_SUITE(wiping)

BOOST_AUTO_TEST_CASE(heads_that_grow_and_bodies) {
    std::string body;
    while (body.size() < 3 * body_buffer::size) {
        body += hush;
    }
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (int i = 0; i != 8; ++i) {
        head += "X-Token-" + std::to_string(i) + ": " + hush + "\r\n"; // 40 KB: more than what is read into first
    }
    const std::string text = head + "\r\n" + body;
    const auto plain = left_by(text, false); // this would be found
    BOOST_TEST(plain.blocks > 0);
    BOOST_TEST(plain.in_piece);
    const auto wiped = left_by(text, true);
    BOOST_TEST(wiped.blocks == 0);
    BOOST_TEST(!wiped.in_piece);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::net::test
