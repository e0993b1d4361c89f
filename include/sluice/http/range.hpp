#pragma once

#include <sluice/base/error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Range, Content-Range (RFC 9110 §14), in bytes.
namespace sluice::http {

/// The most ranges a `Range` field may list; with more it is ignored.
inline constexpr std::size_t max_range_specs = 64;

/// One satisfiable byte range of an object, inclusive at both ends as in RFC 9110 §14.1.2.
struct byte_range {
    std::uint64_t first;
    std::uint64_t last;

    /// How many bytes it has.
    [[nodiscard]] constexpr std::uint64_t length() const noexcept { return last - first + 1; }
    friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// One range as it was asked for, before the object's size is known. Numbers above 2^63 - 1 are held as 2^63 - 1.
struct range_spec {
    /// How the range is written.
    enum class form : std::uint8_t {
        bounded, ///< `first-last`
        open,    ///< `first-`
        suffix,  ///< `-length`
    };
    form kind{form::open};
    std::uint64_t first{0};  ///< bounded and open
    std::uint64_t last{0};   ///< bounded: at least `first`
    std::uint64_t length{0}; ///< suffix: may be 0, which nothing satisfies

    /// The bytes of an object of `size` bytes that this asks for; nullopt where it is not satisfiable.
    [[nodiscard]] std::optional<byte_range> resolve(std::uint64_t size) const noexcept;
    friend bool operator==(const range_spec&, const range_spec&) = default;
};

/// Reads a `Range` field whose object's size is not known yet. At least one, in the client's order.
/// Error: `errc::range_ignored` where RFC 9110 §14.2 has the field ignored (unknown unit, bad syntax, `5-3`) or it
/// lists more than `max_range_specs`: answer 200. Ignore it too where the field stands twice.
[[nodiscard]] result<std::vector<range_spec>> parse_range_spec(std::string_view field);

/// What `specs` mean for an object of `size` bytes: in the client's order, without the ranges that are not
/// satisfiable, overlapping ones merged (each stands where its earliest part stood).
/// Errors: `errc::range_ignored` for more than `max_ranges` after merging: answer 200;
/// `errc::range_not_satisfiable`: answer 416. Nothing is satisfiable in an empty object.
[[nodiscard]] result<std::vector<byte_range>> resolve_ranges(std::span<const range_spec> specs, std::uint64_t size,
                                                             std::size_t max_ranges = 16);

/// A `Content-Range` (RFC 9110 §14.4): at least one of the two is known.
struct content_range {
    std::optional<byte_range> range;   ///< nullopt: `bytes */size`, of a 416
    std::optional<std::uint64_t> size; ///< nullopt: `bytes first-last/*`
};

/// Error: `errc::bad_content_range` (source origin): another unit, bad syntax, last before first, last not below size,
/// or numbers above 2^63 - 1.
[[nodiscard]] result<content_range> parse_content_range(std::string_view field);

/// Appends `bytes first-last/size`, for a 206.
void append_content_range(std::string& out, byte_range range, std::uint64_t size);
/// `bytes */size`, for a 416.
[[nodiscard]] std::string format_unsatisfied_range(std::uint64_t size);
/// `bytes=first-last`, for a request.
[[nodiscard]] std::string format_range(byte_range range);
/// `bytes=first-last`, `bytes=first-` or `bytes=-length`, for a request.
[[nodiscard]] std::string format_range(const range_spec& spec);

} // namespace sluice::http
