#include "template_value.hpp"

#include <sluice/base/text.hpp>
#include <sluice/config/path_template.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sluice::config {

namespace {

using origin = template_value::origin;

class value_reader {
public:
    /// `text`: without the braces. `at`: where it stands in the template.
    value_reader(std::string_view text, std::size_t at, const template_scope& scope)
        : text_(text)
        , at_(at)
        , scope_(scope) {}

    parsed<template_value> read() {
        template_value out;
        const auto name_end = std::min(text_.find_first_of("[|"), text_.size());
        if (const auto fault = read_name(text_.substr(0, name_end), out)) {
            return *fault;
        }
        std::size_t from = name_end;
        if (from < text_.size() && text_[from] == '[') {
            const auto close = text_.find(']', from);
            if (close == std::string_view::npos) {
                return fault_at(from, "has a slice without its ]");
            }
            out.slice = read_slice(text_.substr(from + 1, close - from - 1));
            if (!out.slice) {
                return fault_at(from, "has a slice that is not written as [0:2] or [2:], the end above the start");
            }
            from = close + 1;
        }
        while (from < text_.size()) {
            if (text_[from] != '|') {
                return fault_at(from, out.filters.empty() ? "has something else than a filter after a slice"
                                                          : "has something else than a filter after a filter");
            }
            const auto to = std::min(text_.find_first_of("|[", from + 1), text_.size());
            const auto name = text_.substr(from + 1, to - from - 1);
            if (name != "base64url" && name != "lower") {
                return fault_at(from + 1, "has an unknown filter: there are base64url and lower");
            }
            if (to < text_.size() && text_[to] == '[') {
                return fault_at(to, "has a slice after a filter: slices come first");
            }
            out.filters.push_back(name == "lower" ? value_filter::lower : value_filter::base64url);
            from = to;
        }
        return out;
    }

private:
    [[nodiscard]] template_fault fault_at(std::size_t at, std::string what) const {
        return {at_ + at, std::move(what)};
    }

    std::optional<template_fault> read_name(std::string_view name, template_value& out) const {
        if (name.starts_with("query.")) {
            out.from = origin::query;
            out.name = name.substr(6);
            return is_query_capture_name(out.name)
                       ? std::nullopt
                       : std::optional(fault_at(6, "has a parameter whose name is not of letters, digits and -._~"));
        }
        if (name == "resolved" && scope_.resolved == template_scope::resolves::yes) {
            out.from = origin::resolved;
            const bool is_captured = std::ranges::find(scope_.captures, name) != scope_.captures.end();
            return is_captured ? std::optional(fault_at(0, "uses {resolved}, which is the key that the app names: give "
                                                           "the capture of that name in \"path\" another"))
                               : std::nullopt;
        }
        const bool is_rest = name.ends_with('*') && is_capture_name(name.substr(0, name.size() - 1));
        if (is_rest) {
            return fault_at(name.size() - 1, "uses {" + std::string(name) + "}: leave the * to the path");
        }
        if (!is_capture_name(name)) {
            return fault_at(0, "has a capture that is not written as {name} or {query.name}");
        }
        out.name = name;
        if (std::ranges::find(scope_.captures, name) != scope_.captures.end()) {
            return std::nullopt;
        }
        return fault_at(0, name == "resolved" ? "uses {resolved}, which is the key that the app names: it needs "
                                                "\"resolve\" or \"object_header\""
                                              : "uses {" + std::string(name) + "}, which is not a capture of the path");
    }

    static std::optional<value_slice> read_slice(std::string_view text) {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) {
            return std::nullopt;
        }
        const auto bound = [](std::string_view digits) -> std::optional<std::size_t> {
            const bool good = !digits.empty() && digits.size() <= 4 && std::ranges::all_of(digits, is_digit);
            return good ? std::optional<std::size_t>(std::stoul(std::string(digits))) : std::nullopt;
        };
        const auto first = colon == 0 ? std::optional<std::size_t>(0) : bound(text.substr(0, colon));
        const auto rest = text.substr(colon + 1);
        const auto end = rest.empty() ? std::nullopt : bound(rest);
        if (!first || (!rest.empty() && !end) || (end && *end <= *first) || (colon == 0 && rest.empty())) {
            return std::nullopt;
        }
        return value_slice{*first, end};
    }

    std::string_view text_;
    std::size_t at_;
    const template_scope& scope_;
};

} // namespace

parsed<template_value> read_value(std::string_view text, std::size_t at, const template_scope& scope) {
    return value_reader(text, at, scope).read();
}

bool is_query_capture_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [](char c) {
        return is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos;
    });
}

} // namespace sluice::config
