#pragma once

#include <sluice/http/head.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878): which one a client accepts, and their encoders. Pure.
namespace sluice::http {

/// The codings that are spoken here; `identity`: none.
enum class content_coding : std::uint8_t { identity, zstd, br, gzip };

/// The coding's registered name, as in Content-Encoding; never null, lives forever.
[[nodiscard]] std::string_view to_string(content_coding c) noexcept;

/// The coding that a client prefers by its Accept-Encoding fields (RFC 9110 §12.5.3); of equal weights zstd, then br,
/// then gzip. `identity` where there is no such field, where that is preferred, and where nothing else is acceptable
/// (even if identity is not either: it is sent all the same).
///
/// Strict: a field that is malformed anywhere (a bad weight, a parameter other than a weight) accepts nothing.
[[nodiscard]] content_coding preferred_coding(const field_list& fields);

/// Compresses one body incrementally, at a level for doing it on the fly, with about 2 MiB of memory.
class content_encoder {
public:
    content_encoder() = default;
    content_encoder(const content_encoder&) = delete;
    content_encoder& operator=(const content_encoder&) = delete;
    virtual ~content_encoder() = default;

    /// Encodes `piece`, and appends what is ready to `out`; with `last` all of the rest, and it must not be called
    /// again. False where the library failed: the body cannot be completed.
    [[nodiscard]] virtual bool put(std::string_view piece, bool last, std::string& out) = 0;
};

/// An encoder for a body of `size` bytes. `c` is not `identity`. Throws `std::bad_alloc`.
[[nodiscard]] std::unique_ptr<content_encoder> make_encoder(content_coding c, std::uint64_t size);

} // namespace sluice::http
