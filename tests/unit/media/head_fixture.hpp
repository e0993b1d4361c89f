#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/media/delivery_plan.hpp>
#include <sluice/media/inline_type.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/redirect.hpp>
#include <sluice/origin/kinds/local.hpp>
#include <sluice/session/tcp_connection.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

/// What the tests of response heads share.
namespace head_fixture {

using namespace sluice;
using namespace sluice::media;
using sluice::authorize::authorization;
using namespace std::chrono_literals;

/// A media request for an object of 1,000 bytes, on a socket that is never opened.
struct fixture {
    fixture() {
        head.method = "GET";
        head.target = "/media/a";
        shared.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    }

    void ask(std::string_view name, std::string_view value) { head.fields.items.push_back({name, value}); }

    /// The plan for what was asked; the client's range is taken as the pipeline takes it.
    plan planned() {
        request.wanted = parse_requested_ranges(head.fields);
        return make_plan(request, version);
    }
    std::string written() {
        std::string out = "before ";
        append_head(out, request, version, planned());
        BOOST_TEST(out.starts_with("before HTTP/1.1 "));
        BOOST_TEST(out.ends_with("\r\n\r\n"));
        BOOST_TEST(out.find("\r\n\r\n") == out.size() - 4);
        return out.substr(7);
    }

    worker w{0};
    metrics::metrics counters;
    session::worker_context shared{w, std::make_shared<const config::config>(), counters};
    session::tcp_connection client{tcp_socket(w.context), w, 1000ms};
    http::request_head head;
    http::request_parser parser{8192};
    session::exchange x{.worker = shared, .client = client, .request = head, .parser = parser, .target = "/media/a"};
    media_route route{{{}, &counters.route("a")}, path_template("/media/{x}"), nullptr, 0ms};
    config::store place = [] {
        config::store s;
        s.name = "disk";
        s.kind = &origin::local_kind();
        s.root = "/nonexistent";
        return s;
    }();
    origin::store store{place, {}, counters.store("disk")};
    media_request request{.x = x, .route = route, .store = store, .key = "a", .give_up = {}};
    representation version{1000, "\"v1\"", "video/mp4", "Sat, 05 Nov 1994 08:49:37 GMT",
                           std::chrono::sys_days(std::chrono::year(1994) / 11 / 6)};
};

inline bool has_line(const std::string& head, const std::string& line) {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

inline bool has_name(const std::string& head, const std::string& name) {
    return head.find("\r\n" + name + ": ") != std::string::npos;
}

} // namespace head_fixture
