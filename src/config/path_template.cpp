#include <sluice/config/path_template.hpp>
#include <sluice/config/text.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace sluice::config {

namespace {

bool is_capture_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && !is_digit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

/// RFC 3986 §3.3, less `;`: some apps cut path parameters off.
bool is_path_char(char c) {
    constexpr std::string_view marks = "-._~!$&'()*+,=:@";
    return is_alnum(c) || marks.find(c) != std::string_view::npos;
}

/// Why `segment` cannot be a literal of a raw path, or "".
std::string_view literal_fault(std::string_view segment) {
    std::string decoded;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] != '%') {
            if (!is_path_char(segment[i])) {
                return "has a character that must be percent-encoded, or that no media path may have";
            }
            decoded.push_back(segment[i]);
            continue;
        }
        const int byte = percent_escape_at(segment, i);
        if (byte < 0) {
            return "has a bad percent escape";
        }
        decoded.push_back(static_cast<char>(byte));
        i += 2;
    }
    if (decoded.find_first_of("/\\;") != std::string::npos || has_control(decoded) || !is_utf8(decoded)) {
        return "has a percent escape that no media path may have";
    }
    if (decoded == "." || decoded == "..") {
        return "has a dot segment";
    }
    return "";
}

/// Replaces each `{x}` of `text` by a placeholder letter, so that what is left can be checked as a literal.
result<std::string> without_captures(std::string_view text, const std::vector<std::string>& captures) {
    std::string out;
    while (!text.empty()) {
        const auto brace = text.find_first_of("{}");
        out.append(text.substr(0, brace));
        if (brace == std::string_view::npos) {
            break;
        }
        const auto end = text.find('}', brace);
        if (text[brace] == '}' || end == std::string_view::npos) {
            return bad("has an unbalanced brace");
        }
        const auto name = text.substr(brace + 1, end - brace - 1);
        if (!is_capture_name(name)) {
            return bad("has a capture that is not written as {name}");
        }
        if (std::ranges::find(captures, name) == captures.end()) {
            return bad("uses {" + std::string(name) + "}, which is not a capture of the path");
        }
        out.push_back('x');
        text.remove_prefix(end + 1);
    }
    return out;
}

/// Checks the segments of a raw path that begins with `/`.
result<void> check_raw_path(std::string_view path) {
    for (std::size_t from = 1; from <= path.size();) {
        const auto to = std::min(path.find('/', from), path.size());
        if (to == from && to != path.size()) {
            return bad("has an empty segment");
        }
        if (const auto why = literal_fault(path.substr(from, to - from)); !why.empty()) {
            return bad(std::string(why));
        }
        from = to + 1;
    }
    return {};
}

} // namespace

result<std::vector<std::string>> path_captures(std::string_view path) {
    if (!path.starts_with('/')) {
        return bad("must begin with /");
    }
    if (path.size() > 2048) {
        return bad("is longer than 2048 bytes");
    }
    std::vector<std::string> names;
    std::string literals;
    for (std::size_t from = 1; from <= path.size();) {
        const auto to = std::min(path.find('/', from), path.size());
        auto segment = path.substr(from, to - from);
        from = to + 1;
        literals.push_back('/');
        if (segment.find_first_of("{}") == std::string_view::npos) {
            literals.append(segment);
            continue;
        }
        literals.push_back('x');
        if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') {
            return bad("has a capture that is not a whole segment, as in /{x}/");
        }
        segment = segment.substr(1, segment.size() - 2);
        if (segment.ends_with('*')) {
            if (to != path.size()) {
                return bad("has {x*} before its last segment");
            }
            segment.remove_suffix(1);
        }
        if (!is_capture_name(segment)) {
            return bad("has a capture whose name is not of a-z, 0-9 and _, beginning with a letter or _");
        }
        if (std::ranges::find(names, segment) != names.end()) {
            return bad("has the capture {" + std::string(segment) + "} twice");
        }
        names.emplace_back(segment);
    }
    if (const auto checked = check_raw_path(literals); !checked) {
        return checked.error();
    }
    return names;
}

result<void> check_object(std::string_view text, const std::vector<std::string>& captures) {
    if (text.empty()) {
        return bad("must not be empty");
    }
    // S3's limit for a key, and far above what a template needs.
    if (text.size() > 1024) {
        return bad("is longer than 1024 bytes");
    }
    if (has_control(text)) {
        return bad("has a control character");
    }
    const auto literal = without_captures(text, captures);
    if (!literal) {
        return literal.error();
    }
    for (std::size_t from = 0; from <= literal->size();) {
        const auto to = std::min(literal->find('/', from), literal->size());
        const auto segment = std::string_view(*literal).substr(from, to - from);
        if (segment == "." || segment == "..") {
            return bad("has a dot segment");
        }
        from = to + 1;
    }
    return {};
}

result<void> check_subrequest(std::string_view text, const std::vector<std::string>& captures) {
    if (!text.starts_with('/')) {
        return bad("must begin with /");
    }
    if (text.size() > 2048) {
        return bad("is longer than 2048 bytes");
    }
    const auto mark = std::min(text.find('?'), text.size());
    const auto query = text.substr(mark);
    if (query.find_first_of("{}") != std::string_view::npos) {
        return bad("has a capture in its query");
    }
    const bool visible = std::ranges::all_of(query, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    if (!visible) {
        return bad("has a character in its query that must be percent-encoded");
    }
    const auto path = without_captures(text.substr(0, mark), captures);
    if (!path) {
        return path.error();
    }
    return check_raw_path(*path);
}

std::string_view literal_head(std::string_view object) {
    return object.substr(0, object.find('{'));
}

} // namespace sluice::config
