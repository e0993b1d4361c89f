#pragma once

#include <sluice/base/error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::session {

/// Bytes that were read from a client and not used yet: a request's head and what came behind it. Grows as a head needs
/// it and shrinks between messages, so that an idle connection holds little.
class read_buffer {
public:
    /// What is buffered. Valid until the next `reserve` or `compact`.
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
    /// Drops the first `n` bytes of `view()`; moves nothing, so that views of them stay valid as long as `view()` does.
    void consume(std::size_t n) noexcept;

    /// Room for a read behind the content, which is moved to the front and grown as needed; it holds `limit` bytes at
    /// most. Error: `header_too_large` where it holds as many already.
    [[nodiscard]] result<std::span<char>> reserve(std::size_t limit);
    /// `n` bytes were read into the room that `reserve` gave.
    void commit(std::size_t n) noexcept { end_ += n; }

    /// Puts bytes that belong to the next message behind the content without moving what views point at: they are
    /// joined by the next `join` or `compact`.
    void unread(std::string_view bytes) { put_back_.append(bytes); }
    /// Joins what was put back. False where nothing was.
    bool join();
    /// Between two messages: joins what was put back, and gives up memory that a large head took.
    void compact();

private:
    void move_to_front() noexcept;

    std::vector<char> bytes_;
    std::size_t begin_{0};
    std::size_t end_{0};
    std::string put_back_;
};

} // namespace sluice::session
