#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/http/content_coding.hpp>
#include <sluice/media/slot_limit.hpp>
#include <sluice/metrics/metrics.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::media {

/// How much of a body is compressed at a time, at most.
inline constexpr std::uint64_t max_coded_piece = 64UL * 1024;

/// A whole body on its way through an encoder into chunks (RFC 9112 §7.1). It compresses on a pool's threads, so that
/// no worker is held up by it.
///
/// It ends of itself when it has all of its `size` bytes: the last chunk is then written. One call at a time; what is
/// passed must live until completion, and so must the object.
class coded_body {
public:
    /// `coding` is not `identity`. `slot`: its place among the encoders. Throws `std::bad_alloc`.
    coded_body(http::content_coding coding, std::uint64_t size, metrics::metrics& counters, slot_limit::slot slot);
    coded_body(const coded_body&) = delete;
    coded_body& operator=(const coded_body&) = delete;
    ~coded_body();

    /// Takes the body's next bytes, and appends to `out` what is ready of them: chunks, or nothing yet.
    /// Errors: `internal_error` where the encoder failed.
    awaitable<result<void>> put(file_pool& pool, std::string_view piece, std::string& out);
    /// Likewise with the bytes [first, last] of a file, at most `max_coded_piece`. Errors also: `disk_error`.
    awaitable<result<void>> put_file(file_pool& pool, int fd, std::uint64_t first, std::uint64_t last,
                                     std::string& out);

private:
    [[nodiscard]] bool encode(std::string_view piece, std::string& out);

    std::unique_ptr<http::content_encoder> encoder_;
    std::uint64_t left_; ///< bytes that are still to come
    std::uint64_t input_{0};
    std::uint64_t output_{0};
    metrics::Counter& input_bytes_;
    metrics::Counter& output_bytes_;
    slot_limit::slot slot_;
    std::vector<char> read_; ///< of a file
    std::string coded_{};    ///< of one piece
};

} // namespace sluice::media
