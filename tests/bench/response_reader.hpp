#pragma once

#include "content.hpp"
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>
#include <vector>

/// The load generator's side of one answer: HTTP/1.1 with a Content-Length, as all servers under test send it.
namespace bench {

using steady = std::chrono::steady_clock;

/// What is expected of an answer. A wrong status, length, range or byte makes the answer an error.
struct expectation {
    int status{206};
    std::optional<std::uint64_t> length; ///< of the body
    std::optional<std::uint64_t> first;  ///< of Content-Range
    bool verify{false};                  ///< read and check the bytes instead of discarding them in the kernel
    std::uint64_t seed{0};
};

/// Reads one answer at a time from a non-blocking socket. After `done` call `begin` for the next one.
class response_reader {
public:
    enum class outcome {
        more,   ///< nothing left in the socket now (or the budget is used up): call again when it is readable
        done,   ///< the whole answer is here
        closed, ///< by the server, or the connection failed, within the answer
        wrong,  ///< not what was expected: `fault` says how
    };

    void begin(const expectation& expected) {
        expected_ = expected;
        head_.clear();
        in_body_ = false;
        body_read_ = 0;
        length_ = 0;
        first_byte_ = {};
        fault_ = nullptr;
    }

    /// Reads what is there, at most about `budget` bytes.
    outcome read(int fd, std::uint64_t budget = UINT64_MAX) {
        while (true) {
            if (!in_body_) {
                const auto state = read_head(fd);
                if (state != outcome::more || !in_body_) {
                    return state;
                }
                continue; // the head is here, and the body is not
            }
            if (body_read_ == length_) {
                return outcome::done;
            }
            const auto want = std::min(length_ - body_read_, budget);
            if (want == 0) {
                return outcome::more;
            }
            const auto got = read_body(fd, static_cast<std::size_t>(want));
            if (got <= 0) {
                return got == 0 || errno != EAGAIN ? (fault_ == nullptr ? outcome::closed : outcome::wrong)
                                                   : outcome::more;
            }
            budget -= static_cast<std::uint64_t>(got);
            if (body_read_ == length_) {
                return outcome::done;
            }
            if (static_cast<std::uint64_t>(got) < want && !expected_.verify) {
                return outcome::more; // the socket is drained: no call just to hear so
            }
        }
    }

    [[nodiscard]] std::uint64_t body_read() const noexcept { return body_read_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// When the first byte of the body came; the epoch where none did.
    [[nodiscard]] steady::time_point first_byte() const noexcept { return first_byte_; }
    [[nodiscard]] bool has_begun() const noexcept { return in_body_ || !head_.empty(); }
    /// Status, length, range or content: what was wrong; null where nothing was.
    [[nodiscard]] const char* fault() const noexcept { return fault_; }
    /// The last answer's head, for messages.
    [[nodiscard]] const std::string& head() const noexcept { return head_; }

private:
    outcome wrong(const char* fault) {
        fault_ = fault;
        return outcome::wrong;
    }

    outcome read_head(int fd) {
        std::array<char, 2048> buffer; // NOLINT: filled by recv
        const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return got < 0 && errno == EAGAIN ? outcome::more : outcome::closed;
        }
        head_.append(buffer.data(), static_cast<std::size_t>(got));
        const auto end = head_.find("\r\n\r\n");
        if (end == std::string::npos) {
            return head_.size() > 65536 ? wrong("head") : outcome::more;
        }
        const std::string behind = head_.substr(end + 4);
        head_.resize(end + 2);
        if (!take_head()) {
            return outcome::wrong;
        }
        in_body_ = true;
        if (behind.size() > length_) {
            return wrong("length");
        }
        if (!behind.empty() && !take_body(behind)) {
            return outcome::wrong;
        }
        return body_read_ == length_ ? outcome::done : outcome::more;
    }

    bool take_head() {
        int status = 0;
        if (head_.size() > 12) {
            std::from_chars(head_.data() + 9, head_.data() + 12, status);
        }
        const auto length = field(head_, "content-length");
        const auto parsed = std::from_chars(length.data(), length.data() + length.size(), length_);
        keep_alive_ = field(head_, "connection") != "close";
        if (status != expected_.status) {
            fault_ = "status";
        } else if (length.empty() || parsed.ec != std::errc{} || (expected_.length && *expected_.length != length_)) {
            fault_ = "length";
        } else if (status == 206) {
            const auto range = field(head_, "content-range"); // "bytes 0-1/2"
            if (!range.starts_with("bytes ")) {
                fault_ = "range";
                return false;
            }
            std::from_chars(range.data() + 6, range.data() + range.size(), offset_);
            if (expected_.first && *expected_.first != offset_) {
                fault_ = "range";
            }
        } else {
            offset_ = 0;
        }
        return fault_ == nullptr;
    }

    /// recv's result; the bytes are discarded by the kernel unless they are to be verified.
    ssize_t read_body(int fd, std::size_t want) {
        if (!expected_.verify) {
            const auto got = ::recv(fd, nullptr, want, MSG_TRUNC);
            if (got > 0) {
                count(static_cast<std::size_t>(got));
            }
            return got;
        }
        buffer_.resize(256 * 1024);
        const auto got = ::recv(fd, buffer_.data(), std::min(want, buffer_.size()), 0);
        if (got > 0 && !take_body({buffer_.data(), static_cast<std::size_t>(got)})) {
            return 0;
        }
        return got;
    }

    bool take_body(std::string_view bytes) {
        if (expected_.verify && !matches(expected_.seed, offset_ + body_read_, bytes)) {
            fault_ = "content";
            return false;
        }
        count(bytes.size());
        return true;
    }

    void count(std::size_t bytes) {
        if (body_read_ == 0) {
            first_byte_ = steady::now();
        }
        body_read_ += bytes;
    }

    expectation expected_;
    std::string head_;
    bool in_body_{false};
    bool keep_alive_{true};
    std::uint64_t length_{0};
    std::uint64_t body_read_{0};
    std::uint64_t offset_{0}; ///< of the body's first byte in the object
    steady::time_point first_byte_;
    const char* fault_{nullptr};
    std::vector<char> buffer_;
};

} // namespace bench
