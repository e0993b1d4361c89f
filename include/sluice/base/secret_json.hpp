#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

/// Parsed JSON whose memory is wiped when it goes. Holds nothing where the text is no JSON, or more than that.
class secret_json {
public:
    explicit secret_json(std::string_view text);

    /// The object that the text is; nullptr where it is none.
    [[nodiscard]] const boost::json::object* object() const noexcept { return value_.if_object(); }
    /// The text member `name` of the object; "" where it is absent or no text. Valid as long as this lives.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
    /// The number member `name`, also where it is written as a text of digits, as some services do; fractions are cut
    /// off. nullopt where it is absent, no number, or beyond 2^53.
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const noexcept;

    /// As `text` above, of `in`.
    [[nodiscard]] static std::string_view text(const boost::json::object& in, std::string_view name) noexcept;

private:
    boost::json::value value_;
};

} // namespace sluice
