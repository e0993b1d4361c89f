#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Queries of URLs that somebody else made, read so that no two readers can see different parameters in one.
namespace sluice::http {

/// A parameter, decoded.
struct query_parameter {
    std::string name;
    std::string value; ///< "" where there is no `=`, too
};

/// The parameters of a raw query (without its `?`), in order: split at `&` and the first `=`, decoded once, `+` a space
/// (WHATWG URL, application/x-www-form-urlencoded). An empty query has none.
///
/// Nullopt where readers disagree or a signature could be shifted: a bad escape, a control character or bytes that are
/// not UTF-8 after decoding, a raw byte outside 0x21 to 0x7e, a raw `;` or `#`, an empty name, a name twice in any case
/// of its letters, more than `max_parameters`.
[[nodiscard]] std::optional<std::vector<query_parameter>> strict_query(std::string_view raw,
                                                                       std::size_t max_parameters = 64);

/// The value of the parameter of exactly this name; nullptr where there is none. Valid as long as `parameters`.
[[nodiscard]] const std::string* find_parameter(const std::vector<query_parameter>& parameters,
                                                std::string_view name) noexcept;

} // namespace sluice::http
