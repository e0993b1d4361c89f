#include <sluice/base/base64.hpp>
#include <sluice/base/text.hpp>
#include <sluice/config/text.hpp>
#include <sluice/http/target.hpp>
#include <sluice/media/expand.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

namespace {

using config::template_value;
using config::value_filter;
using origin = template_value::origin;

/// "%41" for each byte of a key of 1,024, in base64 and with a URI before it: nothing longer is worth decoding.
constexpr std::size_t max_raw = 8192;

error no_value() {
    return error{errc::bad_request, error_source::client, false, "value"};
}

/// Characters `first` to `end` of UTF-8; nullopt where there are not so many, or none.
std::optional<std::string_view> sliced(std::string_view text, const config::value_slice& slice) noexcept {
    std::size_t from = text.size();
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        if (count == slice.first) {
            from = at;
        }
        if (count == slice.end) {
            return text.substr(from, at - from);
        }
        const auto length = utf8_length(text.substr(at));
        if (length == 0) {
            return std::nullopt;
        }
        at += length;
    }
    const bool whole = !slice.end || *slice.end == count;
    return whole && from < text.size() ? std::optional(text.substr(from)) : std::nullopt;
}

std::optional<std::string> from_base64url(std::string text) {
    if (text.find_first_of("+/") != std::string::npos) {
        return std::nullopt;
    }
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    if (text.find('=') == std::string::npos) {
        text.append((4 - text.size() % 4) % 4, '=');
    }
    const auto decoded = base64_decode(text);
    return decoded ? std::optional<std::string>(decoded->reveal()) : std::nullopt;
}

/// True for text that means the same to whoever reads it.
bool is_plain_text(std::string_view text) noexcept {
    utf8_validator utf8;
    for (const char c : text) {
        if (!utf8.feed(static_cast<unsigned char>(c))) {
            return false;
        }
    }
    if (text.empty() || !utf8.complete() || utf8.saw_control() || config::has_control(text)) {
        return false;
    }
    for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find('/', from), text.size());
        const auto segment = text.substr(from, to - from);
        if (segment == "." || segment == "..") {
            return false;
        }
        from = to + 1;
    }
    return true;
}

const capture* find_capture(const std::vector<capture>& captures, const template_value& wanted) noexcept {
    const auto found = std::ranges::find_if(
        captures, [&wanted](const capture& c) { return c.from == wanted.from && c.name == wanted.name; });
    return found == captures.end() ? nullptr : &*found;
}

result<std::string> decoded(const template_value& wanted, const template_values& values) {
    if (wanted.from == origin::resolved) {
        return std::string(*values.resolved);
    }
    const auto* c = find_capture(values.captures, wanted);
    if (c == nullptr || c->raw.size() > max_raw) {
        return no_value();
    }
    if (wanted.from == origin::path) {
        return percent_decode(c->raw);
    }
    std::string spaced(c->raw);
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
}

/// What stands at that place.
result<std::string> value_of(const template_value& wanted, const template_values& values) {
    auto text = decoded(wanted, values);
    if (!text) {
        return text;
    }
    if (!is_plain_text(*text)) {
        return no_value();
    }
    if (wanted.is_whole()) {
        return text;
    }
    if (wanted.slice) {
        const auto slice = sliced(*text, *wanted.slice);
        if (!slice) {
            return no_value();
        }
        text = std::string(*slice);
    }
    for (const auto filter : wanted.filters) {
        if (filter == value_filter::lower) {
            text = to_lower(*text);
            continue;
        }
        auto bytes = from_base64url(std::move(*text));
        if (!bytes) {
            return no_value();
        }
        text = std::move(*bytes);
    }
    return is_plain_text(*text) ? std::move(text) : no_value();
}

/// Fills in `parts`; `append` adds a value to what there is, or says why not.
template <class Append>
result<void> expand(const config::text_parts& parts, std::string& out, Append append) {
    for (const auto& part : parts) {
        if (const auto* literal = std::get_if<std::string>(&part)) {
            out += *literal;
        } else if (auto done = append(std::get<template_value>(part)); !done) {
            return done;
        }
    }
    return {};
}

} // namespace

result<std::string> expand_object(const config::text_parts& parts, const template_values& values) {
    std::string out;
    const auto done = expand(parts, out, [&](const template_value& wanted) -> result<void> {
        if (wanted.from == origin::resolved && !values.resolved) {
            return {};
        }
        const auto text = value_of(wanted, values);
        if (!text) {
            return text.error();
        }
        out += *text;
        return {};
    });
    return done ? result<std::string>(std::move(out)) : done.error();
}

result<std::string> expand_target(const config::target_parts& parts, const std::vector<capture>& captures) {
    std::string out;
    const auto append = [&](const template_value& wanted, slash slashes) -> result<void> {
        const auto text = value_of(wanted, {captures});
        if (!text) {
            return text.error();
        }
        append_percent_encoded(out, *text, slashes);
        return {};
    };
    auto done = expand(parts.path, out, [&](const template_value& wanted) -> result<void> {
        const auto* c = wanted.from == origin::path && wanted.is_whole() ? find_capture(captures, wanted) : nullptr;
        if (c == nullptr) {
            return append(wanted, slash::keep);
        }
        out += c->raw;
        return {};
    });
    if (done && !http::is_media_safe_path(out)) {
        done = no_value();
    }
    if (done) {
        done = expand(parts.query, out, [&](const template_value& wanted) { return append(wanted, slash::encode); });
    }
    return done ? result<std::string>(std::move(out)) : done.error();
}

} // namespace sluice::media
