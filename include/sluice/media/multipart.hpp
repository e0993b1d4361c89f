#pragma once

#include <sluice/http/range.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// `multipart/byteranges` (RFC 9110 §14.6): several ranges of one version in one 206. Pure but for the boundary.
namespace sluice::media {

/// The parts of one response, at least two, and what stands between them.
struct multipart {
    std::vector<http::byte_range> parts; ///< in the order in which they are sent
    std::string boundary;                ///< of `make_boundary`
    std::string type;                    ///< of the object, said in each part; "": none
    std::uint64_t size{0};               ///< of the object, in bytes

    /// What goes before part `i`: the delimiter and the part's own fields.
    [[nodiscard]] std::string part_head(std::size_t i) const;
    /// What goes behind the last part.
    [[nodiscard]] std::string closing() const;
    /// Of the whole body, all of the above included.
    [[nodiscard]] std::uint64_t content_length() const;
    /// The response's Content-Type.
    [[nodiscard]] std::string content_type() const;
};

/// 128 random bits in hex: no object holds it but by a chance that never comes (RFC 2046 §5.1.1).
[[nodiscard]] std::string make_boundary();

} // namespace sluice::media
