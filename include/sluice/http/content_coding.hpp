#pragma once

#include <sluice/http/head.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878): which one a client takes, and their encoders. Pure.
namespace sluice::http {

enum class content_coding : std::uint8_t { identity, zstd, br, gzip };

/// The coding's registered name, as in Content-Encoding; never null, lives forever.
[[nodiscard]] std::string_view to_string(content_coding c) noexcept;

/// The coding that a client likes best by its Accept-Encoding fields (RFC 9110 §12.5.3), zstd before br before gzip
/// where it likes several the same. `identity` where there is no such field, where it likes that better, and where
/// nothing else is acceptable (nor perhaps identity, which is then sent all the same).
///
/// Strict: a field that is malformed anywhere (a weight that is none, a parameter that is no weight) accepts nothing.
[[nodiscard]] content_coding preferred_coding(const field_list& fields);

/// Compresses one body piece by piece, at a level that is meant for doing it on the fly; within about 2 MiB of memory.
class content_encoder {
public:
    content_encoder() = default;
    content_encoder(const content_encoder&) = delete;
    content_encoder& operator=(const content_encoder&) = delete;
    virtual ~content_encoder() = default;

    /// Takes `piece`, and appends what is ready of the coded form to `out`; with `last` all of it. Not to be called
    /// again after that. False where the library failed, and the body cannot be completed.
    [[nodiscard]] virtual bool put(std::string_view piece, bool last, std::string& out) = 0;
};

/// An encoder for a body of `size` bytes. `c` is not `identity`. Throws `std::bad_alloc`.
[[nodiscard]] std::unique_ptr<content_encoder> make_encoder(content_coding c, std::uint64_t size);

} // namespace sluice::http
