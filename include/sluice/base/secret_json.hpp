#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

/// Parsed JSON whose memory is wiped at its end. Null where the text is not one JSON value.
class secret_json {
public:
    /// Parses a copy of `text`.
    explicit secret_json(std::string_view text);

    /// The value as an object; nullptr where it is not one.
    [[nodiscard]] const boost::json::object* object() const noexcept { return value_.if_object(); }
    /// The string member `name` of the object; "" where it is absent or not a string. Valid as long as this object.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
    /// The number member `name`, also one written as a string of digits, as some services do; fractions are truncated.
    /// nullopt where it is absent, not a number, or beyond 2^53.
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const noexcept;

    /// The same for the object `in`.
    [[nodiscard]] static std::string_view text(const boost::json::object& in, std::string_view name) noexcept;

private:
    boost::json::value value_;
};

} // namespace sluice
