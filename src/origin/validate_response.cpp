#include <sluice/http/conditional.hpp>
#include <sluice/http/head.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/origin/version.hpp>

#include <charconv>

namespace sluice::origin {

namespace {

error origin_error(errc code, bool retryable, std::string detail = {}) {
    return {code, error_source::origin, retryable, std::move(detail)};
}

std::optional<std::uint64_t> content_length(const http::response_head& head) {
    const auto text = head.fields.value("Content-Length");
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return n;
}

/// Checks the size too: the same entity tag with another size is another object.
result<void> check_size(const object_head& h, const fetch_request& asked) {
    if (asked.size && *asked.size != h.size) {
        return origin_error(errc::validator_changed, false, "the same validator, but another size");
    }
    return {};
}

/// RFC 9110 §15.3.7: a 206 must carry the range that was asked for, cut to the object's end.
result<void> check_partial(object_head& h, const http::response_head& head, const fetch_request& asked) {
    const auto range = http::parse_content_range(head.fields.value("Content-Range"));
    const bool is_one = head.fields.count("Content-Range") == 1;
    if (!is_one || !range || !range.value().range || !range.value().size || !asked.range) {
        return origin_error(errc::bad_content_range, false);
    }
    h.size = *range.value().size;
    h.bytes = *range.value().range;
    h.has_bytes = true;
    if (const auto same = check_size(h, asked); !same) {
        return same.error();
    }
    const auto expected = asked.range->resolve(h.size);
    if (!expected || *expected != h.bytes) {
        return origin_error(errc::bad_content_range, false);
    }
    const auto length = content_length(head);
    if (length && *length != h.bytes.length()) {
        return origin_error(errc::bad_content_range, false, "Content-Length is not that of the range");
    }
    return {};
}

/// A 200: the whole object. Where a range was asked for it is usable only from byte 0.
result<void> check_whole(object_head& h, const http::response_head& head, const fetch_request& asked) {
    const auto length = content_length(head);
    if (!length) {
        return origin_error(errc::unexpected_status, false, "200 without Content-Length");
    }
    h.size = *length;
    if (const auto same = check_size(h, asked); !same) {
        return same.error();
    }
    const bool from_start =
        !asked.range || (asked.range->kind != http::range_spec::form::suffix && asked.range->first == 0);
    if (!from_start) {
        return origin_error(errc::unexpected_status, false, "200 to a Range request");
    }
    h.has_bytes = h.size > 0 && asked.method == sign::method::get;
    h.bytes = {0, h.size > 0 ? h.size - 1 : 0};
    return {};
}

result<void> check_status(object_head& h, const http::response_head& head, const fetch_request& asked) {
    switch (head.status) {
    case 206:
        return check_partial(h, head, asked);
    case 200:
        return check_whole(h, head, asked);
    case 304:
        if (asked.none_match.empty()) {
            return origin_error(errc::unexpected_status, false, "304");
        }
        return {};
    case 416: {
        const bool from_start =
            asked.range && asked.range->kind != http::range_spec::form::suffix && asked.range->first == 0;
        if (from_start && head.fields.find("Content-Range") == nullptr) {
            return check_size(h, asked); // some stores leave it out; an object without a byte 0 is empty
        }
        const auto range = http::parse_content_range(head.fields.value("Content-Range"));
        if (!asked.range || !range || !range.value().size || asked.range->resolve(*range.value().size)) {
            return origin_error(errc::bad_content_range, false, "416");
        }
        h.size = *range.value().size;
        return check_size(h, asked);
    }
    case 401:
    case 403:
        return origin_error(errc::forbidden, false);
    case 404:
    case 410:
        return origin_error(errc::not_found, false);
    case 412:
        return origin_error(errc::precondition_failed, false);
    case 408:
    case 429:
        return origin_error(errc::throttled, true);
    default:
        break;
    }
    if (head.status >= 500) {
        return origin_error(errc::store_error, true, std::to_string(head.status));
    }
    return origin_error(errc::unexpected_status, false, std::to_string(head.status)); // redirects too: never followed
}

} // namespace

result<object_head> validate_response(const http::response_head& head, const fetch_request& asked,
                                      const capabilities& can) {
    object_head h;
    h.status = head.status;
    const auto status = check_status(h, head, asked);
    if (!status) {
        return status.error();
    }
    if (head.status == 200 || head.status == 206) {
        for (const auto& each : head.fields.items) { // the field may stand more than once (RFC 9110 §5.3)
            const bool is_coding = http::same_name(each.name, "Content-Encoding") && !each.value.empty();
            if (is_coding && !http::same_name(each.value, "identity")) {
                return origin_error(errc::content_encoded, false);
            }
        }
    }
    h.validator = version_of(head.fields, can);
    if (!asked.match.empty() && head.status != 416 && h.validator != asked.match) {
        return origin_error(errc::validator_changed, false);
    }
    h.content_type = head.fields.value("Content-Type");
    h.last_modified = head.fields.value("Last-Modified");
    return h;
}

} // namespace sluice::origin
