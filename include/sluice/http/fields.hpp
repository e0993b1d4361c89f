#pragma once

#include <sluice/http/head.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Header fields: syntax, lists, which of them end at this hop, which belong to Sluice, and writing them.
namespace sluice::http {

/// A tchar of RFC 9110 §5.6.2.
[[nodiscard]] bool is_token_char(char c) noexcept;
/// A token of RFC 9110 §5.6.2: at least one tchar and nothing else. What methods and field names must be.
[[nodiscard]] bool is_token(std::string_view text) noexcept;
/// True where no byte of `value` is a control character other than HTAB (RFC 9110 §5.5): safe to write into a head.
[[nodiscard]] bool is_field_value(std::string_view value) noexcept;

/// `text` without spaces and tabs around it.
[[nodiscard]] std::string_view trim_ows(std::string_view text) noexcept;

/// Takes the next member of a comma-separated list (RFC 9110 §5.6.1) off `rest`: trimmed, empty members skipped,
/// commas inside quoted strings not counted. Gives nullopt at the list's end. A view into `rest`.
[[nodiscard]] std::optional<std::string_view> next_list_member(std::string_view& rest) noexcept;

/// True where the comma-separated `list` (RFC 9110 §5.6.1) has `token` as a member, ASCII case aside: the lists of
/// Connection, Vary, Cache-Control and their like.
[[nodiscard]] bool list_contains(std::string_view list, std::string_view token) noexcept;

/// As `same_name`, and `_` counts as `-`: CGI-like apps cannot tell the two apart.
[[nodiscard]] bool same_name_folded(std::string_view a, std::string_view b) noexcept;

/// The names that Sluice itself writes towards the app, whatever the client sent.
[[nodiscard]] std::span<const std::string_view> owned_names() noexcept;

/// True where `name` is one of `owned_names()`, or of `more` (each route's `object_header`); `_` counts as `-`.
[[nodiscard]] bool is_owned_name(std::string_view name, std::span<const std::string> more = {}) noexcept;

/// Which fields of a head end at this hop (RFC 9110 §7.6.1): Connection and what it nominates, Proxy-Connection,
/// Keep-Alive, TE, Trailer (trailers are dropped), Transfer-Encoding, Upgrade, HTTP2-Settings; spellings of those and
/// of Content-Length with `_` too. Whoever relays writes Connection, Upgrade, Transfer-Encoding and Content-Length
/// anew.
///
/// Host, Cookie, Authorization, Content-Length and owned names cannot be nominated: else a client could take away what
/// the app decides by.
class hop_by_hop {
public:
    /// `protected_names`: more names that cannot be nominated (object headers, `strip_request_headers`); read here
    /// only. Keeps views into the head, and allocates only where something unusual is nominated.
    explicit hop_by_hop(const field_list& fields, std::span<const std::string> protected_names = {});

    /// True where the field must not be relayed.
    [[nodiscard]] bool strips(std::string_view name) const noexcept;

private:
    std::vector<std::string_view> nominated_; ///< sorted
};

/// Appends `name: value CRLF`. False, and nothing is appended, where `name` is not a token or `value` holds a CR, LF,
/// NUL or another control character.
[[nodiscard]] bool append_field(std::string& out, std::string_view name, std::string_view value);

/// The part of a request target that may be logged: its path, without query and fragment, and for the absolute form
/// without scheme and authority (which may hold a password). A view into `target`.
[[nodiscard]] std::string_view path_without_query(std::string_view target) noexcept;

/// Whether `name` is one of `names`, which are lower case; `_` counts as `-`.
[[nodiscard]] bool is_one_of(std::span<const std::string> names, std::string_view name) noexcept;

} // namespace sluice::http
