#pragma once

#include "content.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <string>

/// What the benchmark's origin answers for an object: pure, without sockets.
namespace bench {

/// The unsigned number at the beginning of `text`; `otherwise` where there is none.
[[nodiscard]] inline std::uint64_t number(std::string_view text, std::uint64_t otherwise) {
    std::uint64_t value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// An answer: its head, and the bytes `[first, end)` of the object of that seed behind it.
struct object_answer {
    std::string head;
    std::uint64_t seed{0};
    std::uint64_t first{0};
    std::uint64_t end{0};
    std::string log_line; ///< "206 /path bytes=0-1"
};

/// One range, without its unit, against the size: `[first, end)`. False: not satisfiable (or not a range, which no
/// test here sends).
[[nodiscard]] inline bool take_range(std::string_view text, std::uint64_t size, std::uint64_t& first,
                                     std::uint64_t& end) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || size == 0) {
        return false;
    }
    if (dash == 0) {
        const auto length = std::min(number(text.substr(1), 0), size);
        first = size - length;
        end = size;
        return length > 0;
    }
    first = number(text, size);
    end = std::min(number(text.substr(dash + 1), size - 1), size - 1) + 1;
    return first < end;
}

/// The strong ETag of the object that a path names.
[[nodiscard]] inline std::string etag_of(std::string_view path) {
    std::array<char, 24> tag{};
    const int size =
        std::snprintf(tag.data(), tag.size(), "\"%016llx\"", static_cast<unsigned long long>(seed_of(path)));
    return {tag.data(), static_cast<std::size_t>(size)};
}

/// The answer to GET or HEAD of a target: 200, 206, 304, 404, 412 or 416, with the fields of an S3 answer that matter.
[[nodiscard]] inline object_answer answer_object(std::string_view head, std::string_view method,
                                                 std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    const auto size = size_of(path);
    const auto etag = etag_of(path);
    const auto range = field(head, "range");
    const auto if_match = field(head, "if-match");
    const auto if_range = field(head, "if-range");
    object_answer made;
    made.seed = seed_of(path);
    made.end = size.value_or(0);
    std::string status = "200 OK";
    std::string content_range;
    if (!size) {
        status = "404 Not Found";
    } else if (!if_match.empty() && if_match != etag && if_match != "*") {
        status = "412 Precondition Failed";
    } else if (field(head, "if-none-match") == etag) {
        status = "304 Not Modified";
    } else if (range.starts_with("bytes=") && (if_range.empty() || if_range == etag)) {
        if (take_range(range.substr(6), *size, made.first, made.end)) {
            status = "206 Partial Content";
            content_range = "bytes " + std::to_string(made.first) + "-" + std::to_string(made.end - 1);
        } else {
            status = "416 Range Not Satisfiable";
            content_range = "bytes *";
        }
        content_range += "/" + std::to_string(*size);
    }
    const auto length = status.front() == '2' ? made.end - made.first : 0;
    made.head = "HTTP/1.1 " + status + "\r\nContent-Type: video/mp4\r\nAccept-Ranges: bytes\r\n";
    made.head += "Last-Modified: Mon, 06 Jan 2025 10:00:00 GMT\r\nx-amz-request-id: 0123456789ABCDEF\r\n";
    made.head += "ETag: " + etag + "\r\n";
    if (!content_range.empty()) {
        made.head += "Content-Range: " + content_range + "\r\n";
    }
    if (status.front() != '3') {
        made.head += "Content-Length: " + std::to_string(length) + "\r\n";
    }
    made.head += "\r\n";
    if (length == 0 || method == "HEAD") {
        made.first = made.end = 0;
    }
    made.log_line = status.substr(0, 3) + " ";
    made.log_line.append(path).append(" ").append(range);
    return made;
}

} // namespace bench
