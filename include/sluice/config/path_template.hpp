#pragma once

#include <sluice/config/template_fault.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The template of a route's `path`, read once for all: what checks the configuration and what matches requests. Pure.
namespace sluice::config {

/// A part of a segment.
struct path_piece {
    enum class kind : std::uint8_t { literal, capture };

    kind what{kind::literal};
    std::string text; ///< the literal, as it comes on the wire; or the capture's name
};

/// A segment of a path. Literals and captures take turns in it. Without pieces: the empty one after the last `/`.
struct path_segment {
    enum class kind : std::uint8_t {
        one, ///< of a request's path
        rest ///< its only piece is `{x*}`, a capture of one or more segments
    };

    kind what{kind::one};
    std::vector<path_piece> pieces{};
};

/// A path template. One of its segments at most is `rest`, so that each path matches in one way only.
struct path_parts {
    std::vector<path_segment> segments;

    /// The names of all captures, in their order.
    [[nodiscard]] std::vector<std::string> captures() const;
};

/// Whether `name` can be that of a capture: `[a-z_][a-z0-9_]*`, 64 characters at most.
[[nodiscard]] bool is_capture_name(std::string_view name) noexcept;

/// Why `text` cannot stand in a raw path between two slashes, or "": RFC 3986 §3.3 `pchar`s, escapes included, but
/// nothing that keeps a request from matching any media route (`;`, and escapes of `/`, `\`, `;` and control
/// characters). Dot segments are not looked for. `at`: set to the byte at fault.
[[nodiscard]] std::string_view literal_fault(std::string_view text, std::size_t& at);

/// Reads a `path`. It begins with `/`. A segment is `{x*}`, or text with captures `{x}` in it, of which no two touch.
/// Literals are compared with the raw path of a request, so they are written as they come on the wire. Names are
/// unique.
[[nodiscard]] parsed<path_parts> parse_path(std::string_view text);

} // namespace sluice::config
