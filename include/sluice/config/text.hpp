#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/text.hpp>

#include <string>
#include <string_view>

/// Checks on single texts of the configuration. Pure; details of errors never hold the text itself.
namespace sluice::config {

/// An `errc::bad_config` error with that detail.
[[nodiscard]] error bad(std::string detail);

/// True where `text` has a byte below 0x20, or 0x7f.
[[nodiscard]] bool has_control(std::string_view text) noexcept;

/// A name for a route or a store: `[A-Za-z0-9_.-]{1,64}`, as it becomes a metric label and part of log lines.
[[nodiscard]] result<std::string> parse_name(std::string_view text);

/// A field name (RFC 9110 §5.1: a token) in lower case, 128 characters at most.
[[nodiscard]] result<std::string> parse_field_name(std::string_view text);

/// A field value (RFC 9110 §5.5) without CR, LF, other control characters or surrounding white space; not empty.
[[nodiscard]] result<std::string> parse_field_value(std::string_view text);

/// `type/subtype` (RFC 9110 §8.3.1) in lower case, without parameters.
[[nodiscard]] result<std::string> parse_media_type(std::string_view text);

/// True for fields that frame a message or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6). `name` is lower
/// case.
[[nodiscard]] bool is_connection_field(std::string_view name) noexcept;

/// True for response fields that only Sluice may set, as they describe the bytes that are sent. `name` is lower case.
[[nodiscard]] bool is_owned_response_field(std::string_view name) noexcept;

/// True for a field that may be a route's `object_header`: not one of the connection, of the content, of Sluice's own,
/// or one that callers and browsers need. `name` is lower case; `_` counts as `-`.
[[nodiscard]] bool may_be_object_header(std::string_view name);

/// The template of a path that holds a URL in its segments: `{scheme}` and `{host}` once each, `{rest*}` at its end,
/// and literal segments of unreserved characters.
[[nodiscard]] result<std::string> parse_url_prefix(std::string_view text);

} // namespace sluice::config
