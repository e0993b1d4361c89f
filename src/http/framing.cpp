#include <sluice/http/fields.hpp>
#include <sluice/http/framing.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

namespace sluice::http {
namespace {

constexpr std::size_t max_connection_options = 64;
/// Many a recipient counts in signed 64 bits: beyond it two could read two lengths in one field.
constexpr std::uint64_t max_content_length = std::numeric_limits<std::int64_t>::max();

error refuse(errc code, std::string_view why) {
    return {code, error_source::client, false, std::string(why)};
}
error bad(std::string_view why) {
    return refuse(errc::bad_request, why);
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    // from_chars takes neither a sign of an unsigned number nor white space
    const auto [stop, ec] = std::from_chars(text.data(), end, value);
    if (text.empty() || ec != std::errc{} || stop != end)
        return std::nullopt;
    return value;
}

/// A Content-Length that everybody reads alike.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
    const auto length = parse_number(text);
    return length && *length <= max_content_length ? length : std::nullopt;
}

/// How a Transfer-Encoding field's value reads.
enum class coding : std::uint8_t { chunked, malformed, unknown };

coding read_coding(std::string_view value) noexcept {
    if (same_name(value, "chunked"))
        return coding::chunked;
    auto read = coding::malformed; // empty, repeated, or with parameters
    auto rest = value;
    while (const auto member = next_list_member(rest)) {
        const auto name = trim_ows(member->substr(0, member->find(';')));
        if (!is_token(name))
            return coding::malformed;
        if (!same_name(name, "chunked"))
            read = coding::unknown;
    }
    return read;
}

result<void> check_request_length(const request_head& head) {
    const auto* encoding = head.fields.find("transfer-encoding");
    const auto* length = head.fields.find("content-length");
    if (length) {
        if (head.fields.count("content-length") != 1)
            return bad("repeated Content-Length");
        if (!parse_length(length->value))
            return bad("Content-Length is not a number, or beyond 2^63");
    }
    if (!encoding)
        return {};
    if (length)
        return bad("Transfer-Encoding with Content-Length");
    if (head.fields.count("transfer-encoding") != 1)
        return bad("repeated Transfer-Encoding");
    if (head.version < 11)
        return bad("Transfer-Encoding in HTTP/1.0");
    switch (read_coding(encoding->value)) {
    case coding::chunked:
        return {};
    case coding::unknown:
        return refuse(errc::not_implemented, "unknown transfer coding");
    case coding::malformed:
        break;
    }
    return bad("malformed Transfer-Encoding");
}

result<void> check_connection(const request_head& head) {
    std::size_t options = 0;
    for (const auto& field : head.fields.items) {
        if (!same_name(field.name, "connection"))
            continue;
        auto rest = field.value;
        while (const auto option = next_list_member(rest)) {
            if (!is_token(*option))
                return bad("malformed Connection");
            if (++options > max_connection_options)
                return bad("too many connection options");
        }
    }
    return {};
}

/// `authority` without the port that its scheme implies.
std::string_view without_default_port(std::string_view authority, std::string_view port) noexcept {
    if (authority.ends_with(port))
        authority.remove_suffix(port.size());
    else if (authority.ends_with(':'))
        authority.remove_suffix(1);
    return authority;
}

/// RFC 9112 §3.2.2. A recipient would have to prefer the target over Host; the app behind may not, so they must agree.
result<std::string_view> origin_form(const request_head& head, std::string_view host) {
    const auto target = head.target;
    const auto mark = target.find("://");
    if (mark == std::string_view::npos)
        return bad("illegal form of the request target");
    const bool plain = same_name(target.substr(0, mark), "http");
    if (!plain && !same_name(target.substr(0, mark), "https"))
        return bad("illegal scheme in the request target");
    const auto rest = target.substr(mark + 3);
    const auto end = rest.find_first_of("/?");
    const auto authority = rest.substr(0, end);
    if (!is_host(authority)) // user information too: RFC 9110 §4.2.4
        return bad("illegal authority in the request target");
    const std::string_view port = plain ? ":80" : ":443";
    if (!host.empty() && !same_name(without_default_port(authority, port), without_default_port(host, port)))
        return bad("request target and Host disagree");
    if (end == std::string_view::npos)
        return head.method == "OPTIONS" ? std::string_view("*") : std::string_view("/"); // RFC 9112 §3.2.4
    if (rest[end] != '/')
        return bad("no path in the request target");
    return rest.substr(end);
}

} // namespace

bool is_host(std::string_view value) noexcept {
    auto name = value;
    std::string_view port;
    if (value.starts_with('[')) {
        const auto close = value.find(']');
        if (close == std::string_view::npos)
            return false;
        std::array<char, INET6_ADDRSTRLEN> text{};
        const auto address = value.substr(1, close - 1);
        if (address.size() >= text.size())
            return false;
        std::memcpy(text.data(), address.data(), address.size());
        in6_addr parsed{};
        if (inet_pton(AF_INET6, text.data(), &parsed) != 1)
            return false;
        port = value.substr(close + 1);
    } else {
        name = value.substr(0, value.find(':'));
        port = value.substr(name.size());
        if (name.empty() || name.size() > 255)
            return false;
        for (std::size_t i = 0; i != name.size(); ++i) {
            const char c = name[i];
            const bool plain = is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
            // The sub-delims that RFC 3986 has here stand in no host name, but split lists and fields elsewhere.
            if (!plain &&
                !(c == '%' && i + 2 < name.size() && hex_value(name[i + 1]) >= 0 && hex_value(name[i + 2]) >= 0))
                return false;
        }
    }
    if (port.empty() || port == ":")
        return true;
    const auto number = parse_number(port.substr(1));
    return port.front() == ':' && number && *number <= 65535;
}

result<checked_request> check_request(const request_head& head) {
    if (!is_token(head.method))
        return bad("malformed method");
    if (auto ok = check_request_length(head); !ok)
        return ok.error();
    if (auto ok = check_connection(head); !ok)
        return ok.error();

    const auto* host = head.fields.find("host");
    if (!host && head.version >= 11)
        return bad("no Host");
    if (host && (head.fields.count("host") != 1 || !is_host(host->value)))
        return bad("repeated or invalid Host");
    checked_request checked{head.target, host ? host->value : std::string_view{}};

    if (head.method == "CONNECT")
        return bad("CONNECT");
    if (head.target.find('#') != std::string_view::npos)
        return bad("a fragment in the request target"); // some cut it off, to others it is part of the path
    if (head.target.starts_with('/'))
        return checked;
    if (head.target == "*") {
        if (head.method != "OPTIONS")
            return bad("asterisk-form without OPTIONS");
        return checked;
    }
    auto path = origin_form(head, checked.host);
    if (!path)
        return path.error();
    checked.target = *path;
    return checked;
}

result<void> check_response(const response_head& head, error_source source) {
    const auto fail = [source](std::string_view why) {
        return error{errc::protocol_error, source, false, std::string(why)};
    };
    std::optional<std::uint64_t> length;
    for (const auto& field : head.fields.items) {
        if (!same_name(field.name, "content-length"))
            continue;
        auto rest = field.value;
        bool any = false;
        while (const auto member = next_list_member(rest)) {
            const auto number = parse_length(*member);
            if (!number || (length && *length != *number))
                return fail("differing or malformed Content-Length");
            length = number;
            any = true;
        }
        if (!any)
            return fail("empty Content-Length");
    }
    const auto* encoding = head.fields.find("transfer-encoding");
    if (!encoding)
        return {};
    if (length)
        return fail("Transfer-Encoding with Content-Length");
    if (head.version < 11 || head.fields.count("transfer-encoding") != 1 ||
        read_coding(encoding->value) != coding::chunked)
        return fail("unknown or misplaced Transfer-Encoding");
    return {};
}

} // namespace sluice::http
