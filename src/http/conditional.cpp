#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>

namespace sluice::http {
namespace {

struct entity_tag {
    std::string_view opaque; ///< quotes included
    bool weak{false};
};

/// Takes the entity tag at the beginning of `text` off it. Not as a quoted string: a backslash escapes nothing here,
/// and commas are ordinary (RFC 9110 §8.8.3).
std::optional<entity_tag> take_entity_tag(std::string_view& text) noexcept {
    const bool weak = text.starts_with("W/");
    const auto from = text.substr(weak ? 2 : 0);
    if (!from.starts_with('"'))
        return std::nullopt;
    const auto close = from.find('"', 1);
    if (close == std::string_view::npos)
        return std::nullopt;
    const auto opaque = from.substr(0, close + 1);
    const bool legal =
        std::ranges::all_of(opaque, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
    if (!legal)
        return std::nullopt;
    text = from.substr(close + 1);
    return entity_tag{opaque, weak};
}

/// A whole field value as one entity tag.
std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept {
    const auto tag = take_entity_tag(text);
    return tag && text.empty() ? tag : std::nullopt;
}

enum class comparison : std::uint8_t { strong, weak };

bool matches(const entity_tag& a, const std::optional<entity_tag>& b, comparison how) noexcept {
    return b && a.opaque == b->opaque && (how == comparison::weak || (!a.weak && !b->weak));
}

/// True where one of the field's tags is `current`, or it is `*`. A list ends where it is malformed.
bool list_matches(std::string_view value, const std::optional<entity_tag>& current, comparison how) noexcept {
    if (trim_ows(value) == "*")
        return true;
    for (;;) {
        const auto start = value.find_first_not_of(" \t,");
        if (start == std::string_view::npos)
            return false;
        value.remove_prefix(start);
        const auto tag = take_entity_tag(value);
        if (!tag)
            return false;
        const auto rest = trim_ows(value);
        if (!rest.empty() && rest.front() != ',')
            return false;
        if (matches(*tag, current, how))
            return true;
    }
}

bool any_matches(const field_list& fields, std::string_view name, std::string_view etag, comparison how) {
    const auto current = parse_entity_tag(etag);
    return std::ranges::any_of(fields.items, [&](const field_view& field) {
        return same_name(field.name, name) && list_matches(field.value, current, how);
    });
}

/// The date of a field that occurs once.
std::optional<std::chrono::sys_seconds> date_of(const field_list& fields, std::string_view name) {
    if (fields.count(name) != 1)
        return std::nullopt;
    return parse_http_date(fields.value(name));
}

} // namespace

precondition evaluate_preconditions(const field_list& fields, const validators& current) {
    if (fields.find("if-match")) {
        if (!any_matches(fields, "if-match", current.etag, comparison::strong))
            return precondition::failed;
    } else if (current.last_modified) {
        const auto date = date_of(fields, "if-unmodified-since");
        if (date && *current.last_modified > *date)
            return precondition::failed;
    }
    if (fields.find("if-none-match")) {
        if (any_matches(fields, "if-none-match", current.etag, comparison::weak))
            return precondition::not_modified;
    } else if (current.last_modified) {
        const auto date = date_of(fields, "if-modified-since");
        if (date && *current.last_modified <= *date)
            return precondition::not_modified;
    }
    return precondition::proceed;
}

bool if_range_holds(const field_list& fields, const validators& current, std::optional<std::chrono::sys_seconds> date) {
    const auto* field = fields.find("if-range");
    if (!field)
        return true;
    if (fields.count("if-range") != 1)
        return false;
    if (const auto tag = parse_entity_tag(field->value))
        return matches(*tag, parse_entity_tag(current.etag), comparison::strong);
    const auto asked = parse_http_date(field->value);
    return asked && current.last_modified == asked && date && *asked + std::chrono::seconds(1) <= *date;
}

bool is_strong_etag(std::string_view etag) noexcept {
    const auto tag = parse_entity_tag(etag);
    return tag && !tag->weak;
}

} // namespace sluice::http
