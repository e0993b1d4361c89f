#include <sluice/config/path_template.hpp>
#include <sluice/config/text.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sluice::config {

namespace {

constexpr std::size_t max_size = 2048;

/// RFC 3986 §3.3, less `;`: some apps cut path parameters off.
bool is_path_char(char c) {
    constexpr std::string_view marks = "-._~!$&'()*+,=:@";
    return is_alnum(c) || marks.find(c) != std::string_view::npos;
}

/// Reads a path from its first to its last character.
class path_reader {
public:
    explicit path_reader(std::string_view text)
        : text_(text) {}

    parsed<path_parts> read() {
        path_parts out;
        for (std::size_t from = 1; from <= text_.size();) {
            const auto to = std::min(text_.find('/', from), text_.size());
            if (to == from && to != text_.size()) {
                return template_fault{from, "has an empty segment"};
            }
            auto segment = read_segment(from, to);
            if (!segment) {
                return segment.error();
            }
            if (segment->what == path_segment::kind::rest && !rest_.empty()) {
                return template_fault{from, "has two captures of several segments, {" + rest_ + "*} and {" +
                                                segment->pieces.front().text +
                                                "*}: nothing tells where the first ends, so a path has one"};
            }
            if (segment->what == path_segment::kind::rest) {
                rest_ = segment->pieces.front().text;
            }
            out.segments.push_back(std::move(*segment));
            from = to + 1;
        }
        return out;
    }

private:
    parsed<path_segment> read_segment(std::size_t from, std::size_t to) {
        path_segment out;
        for (std::size_t at = from; at < to;) {
            auto piece = text_[at] == '{' ? read_capture(at, to, out) : read_literal(at, to);
            if (!piece) {
                return piece.error();
            }
            const bool is_capture = piece->what == path_piece::kind::capture;
            if (is_capture && !out.pieces.empty() && out.pieces.back().what == path_piece::kind::capture) {
                return template_fault{at, "has {" + out.pieces.back().text + "} and {" + piece->text +
                                              "} side by side: nothing tells where the first ends, so put a literal "
                                              "between them"};
            }
            at = is_capture ? text_.find('}', at) + 1 : std::min(text_.find('{', at), to);
            out.pieces.push_back(std::move(*piece));
        }
        return out;
    }

    parsed<path_piece> read_literal(std::size_t at, std::size_t to) const {
        const auto literal = text_.substr(at, std::min(text_.find('{', at), to) - at);
        std::size_t fault_at = 0;
        if (const auto why = literal_fault(literal, fault_at); !why.empty()) {
            return template_fault{at + fault_at, std::string(why)};
        }
        const auto decoded = percent_decode(literal);
        if (decoded && at > 0 && text_[at - 1] == '/' && at + literal.size() == to &&
            (*decoded == "." || *decoded == "..")) {
            return template_fault{at, "has a dot segment"};
        }
        return path_piece{path_piece::kind::literal, std::string(literal)};
    }

    /// The capture that begins at `at`. Makes `segment` a rest where it is `{x*}`.
    parsed<path_piece> read_capture(std::size_t at, std::size_t to, path_segment& segment) {
        const auto close = text_.find('}', at);
        if (close == std::string_view::npos || close > to) {
            return template_fault{at, "has a { without a } in its segment"};
        }
        auto name = text_.substr(at + 1, close - at - 1);
        if (name.ends_with('*')) {
            name.remove_suffix(1);
            if (text_[at - 1] != '/' || close + 1 != to) {
                return template_fault{at, "has a capture of several segments, {" + printable(name) +
                                              "*}, that is not alone between its slashes"};
            }
            segment.what = path_segment::kind::rest;
        }
        if (name.starts_with("query.")) {
            return template_fault{at, "has a capture of the query: use it in \"object\" or \"authorize.subrequest\", "
                                      "and the path needs no word of it"};
        }
        if (const auto step = name.find_first_of("[|"); step != std::string_view::npos) {
            return template_fault{at + 1 + step, "has a slice or a filter: it goes to where the capture is used"};
        }
        if (!is_capture_name(name)) {
            return template_fault{at + 1,
                                  "has a capture whose name is not of a-z, 0-9 and _, beginning with a letter or _"};
        }
        if (std::ranges::find(names_, name) != names_.end()) {
            return template_fault{at, "has the capture {" + std::string(name) + "} twice"};
        }
        names_.emplace_back(name);
        return path_piece{path_piece::kind::capture, std::string(name)};
    }

    static std::string printable(std::string_view name) { return is_capture_name(name) ? std::string(name) : "?"; }

    std::string_view text_;
    std::vector<std::string> names_{};
    std::string rest_{}; ///< the name of `{x*}`, once it was there
};

} // namespace

void throw_exception_from_error(const template_fault& fault, const boost::source_location& /*where*/) {
    throw std::invalid_argument("template " + fault.what);
}

bool is_capture_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 64 && !is_digit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

std::string_view literal_fault(std::string_view text, std::size_t& at) {
    utf8_validator utf8;
    std::size_t i = 0;
    const auto fault = [&](std::string_view why) {
        at = std::min(i, text.size() - 1);
        return why;
    };
    constexpr std::string_view bad_escape = "has a percent escape that no media path may have";
    for (; i < text.size(); ++i) {
        if (text[i] == '{' || text[i] == '}') {
            return fault("has an unbalanced brace");
        }
        if (text[i] != '%') {
            if (!is_path_char(text[i])) {
                return fault("has a character that must be percent-encoded, or that no media path may have");
            }
            if (!utf8.feed(static_cast<unsigned char>(text[i]))) {
                return fault(bad_escape);
            }
            continue;
        }
        const int byte = percent_escape_at(text, i);
        if (byte < 0) {
            return fault("has a bad percent escape");
        }
        if (byte == '/' || byte == '\\' || byte == ';' || byte < 0x20 || byte == 0x7f ||
            !utf8.feed(static_cast<unsigned char>(byte)) || utf8.saw_control()) {
            return fault(bad_escape);
        }
        i += 2;
    }
    return utf8.complete() ? "" : fault(bad_escape);
}

std::vector<std::string> path_parts::captures() const {
    std::vector<std::string> names;
    for (const auto& segment : segments) {
        for (const auto& piece : segment.pieces) {
            if (piece.what == path_piece::kind::capture) {
                names.push_back(piece.text);
            }
        }
    }
    return names;
}

parsed<path_parts> parse_path(std::string_view text) {
    if (!text.starts_with('/')) {
        return template_fault{0, "must begin with /"};
    }
    if (text.size() > max_size) {
        return template_fault{max_size, "is longer than " + std::to_string(max_size) + " bytes"};
    }
    return path_reader(text).read();
}

} // namespace sluice::config
