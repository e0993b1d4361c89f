#include "object_fields.hpp"

#include <sluice/authorize/authorization.hpp>
#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/media_type.hpp>
#include <sluice/media/cors.hpp>
#include <sluice/media/inline_type.hpp>

#include <boost/url/encode.hpp>

namespace sluice::media::detail {

namespace {

/// attr-char of RFC 8187 §3.2.1.
constexpr auto is_attr_char = [](char c) {
    return is_alnum(c) || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
};
struct attr_chars {
    constexpr bool operator()(char c) const noexcept { return is_attr_char(c); }
};

/// RFC 6266 §4.3: a type that a browser would run as a page of the app's own is never shown in place.
std::string disposition_of(std::string_view filename, std::string_view content_type) {
    std::string value = is_inline_type(content_type) ? "inline" : "attachment";
    value += "; filename*=UTF-8''";
    value += boost::urls::encode({filename.data(), filename.size()}, attr_chars{});
    return value;
}

/// The media type as it is said, before anything is isolated.
std::string_view said_type(const media_request& m, const representation& r) {
    const auto type = override_type(m);
    if (!type.empty()) {
        return type;
    }
    if (!r.content_type.empty()) {
        return r.content_type;
    }
    const auto named = http::inert_type_of_name(m.key);
    return named.empty() ? std::string_view("application/octet-stream") : named;
}

bool may_be_isolated(const media_route& route) {
    return route.settings.follow && !route.settings.allow_inline;
}

} // namespace

bool starts_with_type(std::string_view type, std::string_view prefix) {
    return type.size() >= prefix.size() && http::same_name(type.substr(0, prefix.size()), prefix);
}

std::string own_disposition(const media_request& m, std::string_view type) {
    const authorize::authorization* allowed = m.authorization.get();
    if (allowed != nullptr && allowed->has_disposition) {
        return allowed->content_disposition;
    }
    if (allowed != nullptr && !allowed->filename.empty()) {
        return disposition_of(allowed->filename, type);
    }
    return m.route.settings.allow_inline || is_inline_type(type) ? "" : "attachment";
}

const http::header_list& override_fields(const media_request& m, std::string_view name) {
    if (m.authorization && !m.route.fields.contains(name)) {
        return m.authorization->fields;
    }
    return m.route.fields;
}

std::string_view override_value(const media_request& m, std::string_view name) {
    std::string_view first;
    for_each_override(m, name, [&first](std::string_view value) { first = first.empty() ? value : first; });
    return first;
}

std::string_view override_type(const media_request& m) {
    const auto type = override_value(m, "Content-Type");
    return type.empty() && m.authorization ? std::string_view(m.authorization->content_type) : type;
}

std::string_view type_of(const media_request& m, const representation& r) {
    const auto type = said_type(m, r);
    return may_be_isolated(m.route) && !is_inline_type(type) ? isolated_type(type) : type;
}

bool is_isolated(const media_request& m, const representation& r) {
    return may_be_isolated(m.route) && !is_inline_type(said_type(m, r));
}

std::string isolated_disposition(const media_request& m) {
    std::string_view said = override_value(m, "Content-Disposition");
    if (said.empty() && m.authorization) {
        said = m.authorization->content_disposition;
    }
    const auto parameters = said.find(';');
    if (parameters == std::string_view::npos || !http::is_field_value(said) ||
        !http::is_token(http::trim_ows(said.substr(0, parameters)))) {
        return "attachment";
    }
    return "attachment" + std::string(said.substr(parameters));
}

void add_for_caller(session::response_head& head, const media_request& m) {
    head.add(m.set_cookie);
    if (m.route.settings.cors) {
        add_cors_fields(head, *m.route.settings.cors, m.x.request.fields.value("Origin"));
    }
}

} // namespace sluice::media::detail
