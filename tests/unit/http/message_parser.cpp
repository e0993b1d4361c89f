#include <sluice/http/message_parser.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;
using namespace sluice::http;

namespace {

/// A response head and its whole body, in `raw` from the beginning, given in pieces of `piece` bytes.
struct outcome {
    std::string body;
    std::size_t used{0};
    bool done{false};
    bool failed{false};
};

template <class Parser>
outcome read_all(Parser& parser, std::string_view raw, std::size_t piece) {
    outcome out;
    std::size_t seen = 0;
    std::size_t head = 0;
    while (head == 0) {
        if (seen == raw.size())
            return out;
        seen = std::min(seen + piece, raw.size());
        const std::string moved(raw.substr(0, seen)); // another address each time
        const auto size = parser.parse_head(seen == raw.size() ? raw : std::string_view(moved));
        if (!size) {
            out.failed = true;
            return out;
        }
        head = *size;
    }
    out.used = head;
    for (;;) {
        const auto step = parser.parse_body(raw.substr(out.used, seen - out.used));
        if (!step) {
            out.failed = true;
            return out;
        }
        out.used += step->consumed;
        out.body += step->payload;
        out.done = step->done;
        if (out.done || (step->consumed == 0 && seen == raw.size()))
            return out;
        if (step->consumed == 0)
            seen = std::min(seen + piece, raw.size());
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(message_parser)

BOOST_AUTO_TEST_CASE(request_views_and_pipelining) {
    const std::string first = "\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nAccept:  */* \r\nEmpty:\r\n\r\n";
    const std::string second = "GET /c HTTP/1.0\r\n\r\n";
    const std::string both = first + second;
    request_parser parser(8192);
    BOOST_TEST(parser.parse_head(both).value() == first.size());
    BOOST_TEST(parser.parse_head(both).value() == first.size()); // asked again, the same answer
    const auto& head = parser.head();
    BOOST_TEST(head.method == "GET");
    BOOST_TEST(head.target == "/a?b");
    BOOST_TEST((head.target.data() > both.data() && head.target.data() < both.data() + both.size()));
    BOOST_TEST(head.version == 11U);
    BOOST_TEST(head.fields.items.size() == 3U);
    BOOST_TEST(head.fields.value("ACCEPT") == "*/*");
    BOOST_TEST(head.fields.value("empty").empty());
    BOOST_TEST((parser.body() == body_kind::none));
    BOOST_TEST(parser.keep_alive());
    BOOST_TEST(parser.is_done());
    BOOST_TEST(parser.parse_body(second)->done);
    BOOST_TEST(parser.parse_body(second)->consumed == 0U);

    parser.reset();
    BOOST_TEST(!parser.has_head());
    BOOST_TEST(parser.parse_head(second).value() == second.size());
    BOOST_TEST(parser.head().target == "/c");
    BOOST_TEST(parser.head().version == 10U);
    BOOST_TEST(parser.head().fields.items.empty());
    BOOST_TEST(!parser.keep_alive());
}

BOOST_AUTO_TEST_CASE(any_split_gives_the_same) {
    const std::string raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
                            "5;a=\"b\\\"\";c=d\r\nhello\r\n0B\r\n, wide\r\nwor\r\n2\r\nld\r\n000;x\r\n"
                            "Authorization: stolen\r\nConnection: close\r\nX: 1\r\n\r\nHTTP/1.1 404";
    for (std::size_t piece = 1; piece <= raw.size(); ++piece) {
        response_parser parser(1024);
        const auto out = read_all(parser, raw, piece);
        BOOST_TEST(out.done);
        BOOST_TEST(out.body == "hello, wide\r\nworld");
        BOOST_TEST(raw.substr(out.used) == "HTTP/1.1 404");
        BOOST_TEST(parser.keep_alive());
    }
    response_parser parser(1024);
    BOOST_TEST(parser.parse_head(raw).value() > 0U);
    std::string_view rest = std::string_view(raw).substr(parser.parse_head(raw).value());
    while (!parser.is_done())
        rest.remove_prefix(parser.parse_body(rest).value().consumed);
    BOOST_TEST(parser.head().fields.items.size() == 2U); // trailers never get in
    BOOST_TEST(parser.head().fields.find("authorization") == nullptr);
}

BOOST_AUTO_TEST_CASE(length_bodies) {
    const std::string raw = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET";
    for (std::size_t piece = 1; piece <= raw.size(); ++piece) {
        request_parser parser(1024);
        const auto out = read_all(parser, raw, piece);
        BOOST_TEST(out.done);
        BOOST_TEST(out.body == "hello");
        BOOST_TEST(out.used == raw.size() - 3);
        BOOST_TEST(parser.content_length() == 5U);
        BOOST_TEST(parser.has_body());
    }
    request_parser parser(1024);
    BOOST_TEST(parser.parse_head("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").value() > 0U);
    BOOST_TEST((parser.body() == body_kind::length));
    BOOST_TEST(!parser.has_body());
    BOOST_TEST(parser.parse_body("GET")->done);
    parser.reset();
    // Larger than any limit of Beast's own.
    BOOST_TEST(parser.parse_head("POST / HTTP/1.1\r\nContent-Length: 1099511627776\r\n\r\n").value() > 0U);
    BOOST_TEST(parser.content_length() == 1099511627776U);
    BOOST_TEST(!parser.parse_body("x")->done);
    BOOST_TEST((parser.on_eof().error().code == errc::short_body));
}

BOOST_AUTO_TEST_CASE(header_limit_is_exact) {
    const std::string raw = "GET /0123456789 HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto size = static_cast<std::uint32_t>(raw.size());
    BOOST_TEST(request_parser(size).parse_head(raw).value() == raw.size());
    BOOST_TEST(request_parser(size).parse_head("\r\n" + raw).value() == raw.size() + 2);
    BOOST_TEST((request_parser(size - 1).parse_head(raw).error().code == errc::header_too_large));
    BOOST_TEST((request_parser(16).parse_head("GET /0123456789abcdef").error().code == errc::header_too_large));
    BOOST_TEST(request_parser(16).parse_head("GET /0123456789").value() == 0U);
    // The same verdict however the bytes arrive.
    request_parser slow(size - 1);
    for (std::size_t n = 1; n < raw.size() - 1; ++n)
        BOOST_TEST(slow.parse_head(std::string_view(raw).substr(0, n)).value() == 0U);
    BOOST_TEST(
        (slow.parse_head(std::string_view(raw).substr(0, raw.size() - 1)).error().code == errc::header_too_large));
    std::string many = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i != max_fields; ++i)
        many += "a:\r\n";
    BOOST_TEST(request_parser(65536).parse_head(many + "\r\n").value() > 0U);
    BOOST_TEST((request_parser(65536).parse_head(many + "a:\r\n\r\n").error().code == errc::header_too_large));
}

BOOST_AUTO_TEST_CASE(bad_chunks) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::string> bodies{
        "x\r\n",
        "\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rXhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "10000000000000000\r\nhello",
        "fffffffffffffffff\r\nhello",
        "5;\r\nhello\r\n0\r\n\r\n",
        "5;\nx\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\nbad name: 5\r\n\r\n",
        "5;" + std::string(max_chunk_framing, 'a'),
        "0\r\nX: " + std::string(max_chunk_framing, 'a'),
        std::string(max_chunk_framing + 1, '0'),
    };
    for (const auto& body : bodies)
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
            if (piece == 1 && body.size() > 1000)
                continue;
            request_parser parser(1024);
            const auto out = read_all(parser, head + body, piece);
            BOOST_TEST(out.failed, "taken, in pieces of " << piece << ": " << body.substr(0, 60));
        }
    request_parser parser(1024);
    BOOST_TEST(parser.parse_head(head).value() == head.size());
    // The largest size that can be said.
    BOOST_TEST(parser.parse_body("ffffffffffffffff\r\nhello")->payload == "hello");
    BOOST_TEST((parser.on_eof().error().code == errc::short_body));
}

BOOST_AUTO_TEST_CASE(short_last_chunks_in_pieces) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::pair<std::string, std::string>> rows{
        {"0\r\n\r\n", ""},
        {"00\r\n\r\n", ""},
        {"000\r\n\r\n", ""},
        {"0\r\nA:\r\n\r\n", ""},
        {"0;a\r\n\r\n", ""},
        {"3\r\n0\r\n\r\n0\r\n\r\n", "0\r\n"}, // content that looks like a last chunk
        {"1\r\n0\r\n2\r\n\r\n\r\n0\r\n\r\n", "0\r\n"},
    };
    for (const auto& [body, content] : rows)
        for (std::size_t piece = 1; piece <= body.size(); ++piece) {
            request_parser parser(1024);
            BOOST_TEST(parser.parse_head(head).value() == head.size());
            std::size_t used = 0;
            std::string got;
            for (std::size_t seen = 0; seen < body.size();) {
                BOOST_TEST(!parser.is_done());
                seen = std::min(seen + piece, body.size());
                // Each piece is looked at until nothing comes of it, and then once more.
                for (int idle = 0; idle != 2;) {
                    const auto step = parser.parse_body(std::string_view(body).substr(used, seen - used));
                    BOOST_TEST_REQUIRE(step.has_value());
                    used += step->consumed;
                    got += step->payload;
                    idle = step->consumed == 0 ? idle + 1 : 0;
                }
            }
            BOOST_TEST(parser.is_done(), body << " in pieces of " << piece);
            BOOST_TEST(used == body.size());
            BOOST_TEST(got == content);
        }
    // Where the size itself is missing, that is told as soon as the line is there.
    for (const std::string_view body : {"\r\n", ";a\r\n", "5\r\nhello\r\n\r\n"}) {
        request_parser parser(1024);
        const auto out = read_all(parser, head + std::string(body), 1);
        BOOST_TEST(out.failed, "taken: " << body);
    }
}

BOOST_AUTO_TEST_CASE(responses_without_content) {
    for (const std::string_view raw :
         {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"}) {
        response_parser parser(1024);
        BOOST_TEST(parser.parse_head(raw).value() == raw.size());
        BOOST_TEST((parser.body() == body_kind::none));
        BOOST_TEST(parser.is_done());
        BOOST_TEST(parser.keep_alive());
        BOOST_TEST(parser.on_eof().has_value());
    }
    response_parser parser(1024);
    BOOST_TEST(parser.parse_head("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").value() > 0U);
    BOOST_TEST((parser.body() == body_kind::none));
    BOOST_TEST(!parser.keep_alive());

    for (const std::string_view raw :
         {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\n"}) {
        parser.reset();
        parser.expect_no_body();
        BOOST_TEST(parser.parse_head(raw).value() == raw.size());
        BOOST_TEST(parser.is_done());
        BOOST_TEST((parser.body() == body_kind::none));
        BOOST_TEST(parser.keep_alive());
        BOOST_TEST(!parser.has_body());
    }
    parser.reset(); // forgets expect_no_body
    BOOST_TEST(parser.parse_head("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n").value() > 0U);
    BOOST_TEST(parser.has_body());
}

BOOST_AUTO_TEST_CASE(until_close_and_early_close) {
    response_parser parser(1024, error_source::origin);
    BOOST_TEST((parser.on_eof().error().code == errc::connection_lost));
    BOOST_TEST(parser.on_eof().error().retryable);
    const std::string raw = "HTTP/1.1 200 OK\r\n\r\nabc";
    const auto size = parser.parse_head(raw).value();
    BOOST_TEST((parser.body() == body_kind::until_close));
    BOOST_TEST(!parser.keep_alive());
    const auto step = parser.parse_body(std::string_view(raw).substr(size)).value();
    BOOST_TEST(step.payload == "abc");
    BOOST_TEST(!step.done);
    BOOST_TEST(!parser.parse_body("")->done);
    BOOST_TEST(parser.on_eof().has_value());
    BOOST_TEST(parser.is_done());

    for (const std::string_view head :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        parser.reset();
        BOOST_TEST(parser.parse_head(head).value() == head.size());
        BOOST_TEST((parser.on_eof().error().code == errc::short_body));
        BOOST_TEST((parser.on_eof().error().source == error_source::origin));
    }
    response_parser moved = std::move(parser);
    moved.reset();
    BOOST_TEST(moved.parse_head("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n").value() > 0U);
    BOOST_TEST(moved.keep_alive());
    BOOST_TEST(moved.parse_body("")->done);
}

BOOST_AUTO_TEST_CASE(keep_alive_by_version_and_connection) {
    const std::vector<std::pair<std::string_view, bool>> rows{
        {"GET / HTTP/1.1\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nConnection: foo, CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nConnection: foo\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n", false},
    };
    request_parser parser(1024);
    for (const auto& [raw, expected] : rows) {
        parser.reset();
        BOOST_TEST(parser.parse_head(raw).value() == raw.size());
        BOOST_TEST(parser.keep_alive() == expected, raw);
    }
}

BOOST_AUTO_TEST_CASE(random_chunking_round_trip) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round != 50; ++round) {
        std::string body;
        std::string raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (auto chunks = random() % 6; chunks != 0; --chunks) {
            std::string chunk(1 + random() % 300, '\0');
            for (auto& c : chunk)
                c = "\r\n0\0a;"[random() % 6];
            char size[16];
            std::snprintf(size, sizeof size, "%zx", chunk.size());
            raw.append(size).append("\r\n").append(chunk).append("\r\n");
            body += chunk;
        }
        raw += "0\r\n\r\n";
        response_parser parser(1024);
        const auto out = read_all(parser, raw, 1 + random() % 100);
        BOOST_TEST(out.done, "seed " << seed);
        BOOST_TEST((out.body == body), "seed " << seed);
        BOOST_TEST(out.used == raw.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
