#pragma once

#include <sluice/config/template_fault.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Templates of what a request leads to, `object` and `authorize.subrequest`, read once for all: what checks the
/// configuration and what fills them in. Pure.
namespace sluice::config {

/// `[2:4]`: a part of a value, counted in characters.
struct value_slice {
    std::size_t first{0};
    std::optional<std::size_t> end{}; ///< the first character that is not in it; none: to the value's end

    friend bool operator==(const value_slice&, const value_slice&) = default;
};

/// What is done to a value, after its slice.
enum class value_filter : std::uint8_t { base64url, lower };

/// A place in a template that a value fills.
struct template_value {
    enum class origin : std::uint8_t {
        path,    ///< `{x}`, a capture of the path
        query,   ///< `{query.x}`, a parameter of the request
        resolved ///< `{resolved}`, the key that the app named
    };

    origin from{origin::path};
    std::string name; ///< of the capture, or of the parameter; "" for `resolved`
    std::optional<value_slice> slice{};
    std::vector<value_filter> filters{};

    /// The value as it came.
    [[nodiscard]] bool is_whole() const noexcept { return !slice && filters.empty(); }
    friend bool operator==(const template_value&, const template_value&) = default;
};

/// Literals and values, in their order.
using text_parts = std::vector<std::variant<std::string, template_value>>;

/// The template of a subrequest's target.
struct target_parts {
    text_parts path;
    text_parts query; ///< begins with a literal that begins with `?`; empty: there is none
};

/// Which values a template may use.
struct template_scope {
    const std::vector<std::string>& captures; ///< of the route's path
    enum class resolves : std::uint8_t { no, yes } resolved{resolves::no};
};

/// Reads an `object`: a key, or the URI of an object, with values anywhere in it. No control characters, dot segments
/// or empty text. `{resolved}` stands in it if, and only if, the scope has it.
[[nodiscard]] parsed<text_parts> parse_object(std::string_view text, const template_scope& scope);

/// Reads a `subrequest`: a target that begins with `/`, as it goes over the wire, with values anywhere in its path and
/// query but in the query's names.
[[nodiscard]] parsed<target_parts> parse_subrequest(std::string_view text, const std::vector<std::string>& captures);

/// What everything that the template gives begins with: the literal before its first value.
[[nodiscard]] std::string_view literal_head(const text_parts& parts) noexcept;

/// Adds the parameters that `parts` use to `names`, each once.
void add_query_captures(const text_parts& parts, std::vector<std::string>& names);

/// Whether `name` can be that of a captured parameter: 1 to 128 letters, digits and `-._~`.
[[nodiscard]] bool is_query_capture_name(std::string_view name) noexcept;

} // namespace sluice::config
