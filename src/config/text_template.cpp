#include <sluice/config/path_template.hpp>
#include <sluice/config/text.hpp>
#include <sluice/config/text_template.hpp>

#include "template_value.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

using origin = template_value::origin;

/// Far above what a template needs. That of an object is S3's limit for a key.
constexpr std::size_t max_object = 1024;
constexpr std::size_t max_subrequest = 2048;

/// Literals and values of `text`, which begins at `at` of the whole template. Literals are not checked.
parsed<text_parts> read_parts(std::string_view text, std::size_t at, const template_scope& scope) {
    text_parts out;
    for (std::size_t from = 0; from < text.size();) {
        if (text[from] != '{') {
            const auto to = std::min(text.find_first_of("{}", from), text.size());
            if (to < text.size() && text[to] == '}') {
                return template_fault{at + to, "has an unbalanced brace"};
            }
            out.emplace_back(std::string(text.substr(from, to - from)));
            from = to;
            continue;
        }
        const auto close = text.find_first_of("{}", from + 1);
        if (close == std::string_view::npos || text[close] == '{') {
            return template_fault{at + from, "has an unbalanced brace"};
        }
        auto value = read_value(text.substr(from + 1, close - from - 1), at + from + 1, scope);
        if (!value) {
            return value.error();
        }
        out.emplace_back(std::move(*value));
        from = close + 1;
    }
    return out;
}

/// `text` with each value, braces included, as so many letters: for checks of what is around them.
std::string with_letters_for_values(std::string_view text) {
    std::string out(text);
    for (auto open = out.find('{'); open != std::string::npos; open = out.find('{', open)) {
        const auto close = out.find('}', open);
        std::fill(out.begin() + static_cast<std::ptrdiff_t>(open), out.begin() + static_cast<std::ptrdiff_t>(close) + 1,
                  'x');
    }
    return out;
}

std::optional<template_fault> dot_segment_in(std::string_view text, std::size_t from) {
    for (; from <= text.size();) {
        const auto to = std::min(text.find('/', from), text.size());
        const auto segment = text.substr(from, to - from);
        if (segment == "." || segment == "..") {
            return template_fault{from, "has a dot segment"};
        }
        from = to + 1;
    }
    return std::nullopt;
}

/// Checks a raw path that begins with `/` and has no braces.
std::optional<template_fault> check_raw_path(std::string_view path) {
    for (std::size_t from = 1; from <= path.size();) {
        const auto to = std::min(path.find('/', from), path.size());
        if (to == from && to != path.size()) {
            return template_fault{from, "has an empty segment"};
        }
        const auto segment = path.substr(from, to - from);
        std::size_t at = 0;
        const auto why = segment.empty() ? std::string_view() : literal_fault(segment, at);
        if (!why.empty()) {
            return template_fault{from + at, std::string(why)};
        }
        if (const auto decoded = percent_decode(segment); decoded && (*decoded == "." || *decoded == "..")) {
            return template_fault{from, "has a dot segment"};
        }
        from = to + 1;
    }
    return std::nullopt;
}

/// Checks a query that begins with `?`; its values must stand behind a `=`, since names are not encoded for them.
std::optional<template_fault> check_query(std::string_view query, std::size_t at) {
    bool in_name = true;
    bool in_value = false;
    for (std::size_t i = 0; i < query.size(); ++i) {
        const char c = query[i];
        in_value = in_value ? query[i - 1] != '}' : false;
        if (c == '{') {
            if (in_name) {
                return template_fault{at + i, "has a capture in the name of a parameter: write ?name={capture}"};
            }
            in_value = true;
        }
        if (in_value) {
            continue;
        }
        if (c <= ' ' || c >= 0x7f || c == '#') {
            return template_fault{at + i, "has a character in its query that must be percent-encoded"};
        }
        if (c == '%' && percent_escape_at(query, i) < 0) {
            return template_fault{at + i, "has a bad percent escape"};
        }
        in_name = c == '&' || (in_name && c != '=');
    }
    return std::nullopt;
}

} // namespace

parsed<text_parts> parse_object(std::string_view text, const template_scope& scope) {
    if (text.empty()) {
        return template_fault{0, "must not be empty"};
    }
    if (text.size() > max_object) {
        return template_fault{max_object, "is longer than " + std::to_string(max_object) + " bytes"};
    }
    if (has_control(text)) {
        const auto found = std::ranges::find_if(text, [](char c) { return has_control(std::string_view(&c, 1)); });
        return template_fault{static_cast<std::size_t>(found - text.begin()), "has a control character"};
    }
    auto parts = read_parts(text, 0, scope);
    if (!parts) {
        return parts;
    }
    if (const auto fault = dot_segment_in(with_letters_for_values(text), 0)) {
        return *fault;
    }
    return parts;
}

parsed<target_parts> parse_subrequest(std::string_view text, const std::vector<std::string>& captures) {
    if (!text.starts_with('/')) {
        return template_fault{0, "must begin with /"};
    }
    if (text.size() > max_subrequest) {
        return template_fault{max_subrequest, "is longer than " + std::to_string(max_subrequest) + " bytes"};
    }
    const template_scope scope{captures};
    const auto mark = std::min(text.find('?'), text.size());
    auto path = read_parts(text.substr(0, mark), 0, scope);
    if (!path) {
        return path.error();
    }
    if (const auto fault = check_raw_path(with_letters_for_values(text.substr(0, mark)))) {
        return *fault;
    }
    auto query = read_parts(text.substr(mark), mark, scope);
    if (!query) {
        return query.error();
    }
    if (const auto fault = check_query(text.substr(mark), mark)) {
        return *fault;
    }
    return target_parts{std::move(*path), std::move(*query)};
}

std::string_view literal_head(const text_parts& parts) noexcept {
    const auto* literal = parts.empty() ? nullptr : std::get_if<std::string>(&parts.front());
    return literal != nullptr ? std::string_view(*literal) : std::string_view();
}

void add_query_captures(const text_parts& parts, std::vector<std::string>& names) {
    for (const auto& part : parts) {
        const auto* value = std::get_if<template_value>(&part);
        if (value != nullptr && value->from == origin::query && std::ranges::find(names, value->name) == names.end()) {
            names.push_back(value->name);
        }
    }
}

} // namespace sluice::config
