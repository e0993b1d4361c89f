#include <sluice/authorize/allow_rule.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>

namespace sluice::authorize {

namespace {

bool is_page(const http::field_view& f) {
    constexpr std::string_view html = "text/html";
    return http::same_name(f.name, "Content-Type") && f.value.size() >= html.size() &&
           http::same_name(f.value.substr(0, html.size()), html);
}

/// Whether an answer to the client's own URL is one with the object. An app with a log-in page or a catch-all one
/// answers 200 with that.
bool is_object(const config::authorize_subrequest& how, unsigned status, const http::field_list& fields) {
    const bool is_part = status == 206 && how.same == config::same_question::first_byte;
    return (status == 200 || is_part) && !http::trim_ows(fields.value("Content-Type")).empty() &&
           std::ranges::none_of(fields.items, is_page);
}

/// The rule where `authorize.accept` is not set.
bool is_accepted(const config::route& r, const config::authorize_subrequest& how, unsigned status,
                 const http::field_list& fields) {
    if (how.same != config::same_question::none) {
        return is_object(how, status, fields);
    }
    return (status == 204 && !r.resolve) || (status == 200 && std::ranges::none_of(fields.items, is_page));
}

/// "" where there is no Content-Type, or more than one.
std::string_view only_type(const http::field_list& fields) {
    return fields.count("Content-Type") == 1 ? media_type_of(fields.value("Content-Type")) : std::string_view();
}

bool holds(const config::required_answer& wanted, unsigned status, const http::field_list& fields) {
    if (!wanted.status.empty() && std::ranges::find(wanted.status, status) == wanted.status.end()) {
        return false;
    }
    if (!wanted.content_type.empty() && !http::same_name(only_type(fields), wanted.content_type)) {
        return false;
    }
    return std::ranges::all_of(wanted.headers, [&fields](const auto& h) {
        return fields.count(h.first) == 1 && fields.value(h.first) == h.second;
    });
}

} // namespace

bool is_allowed(const config::route& r, const config::authorize_subrequest& how, unsigned status,
                const http::field_list& fields) {
    const bool accepted = how.accept.empty() ? is_accepted(r, how, status, fields)
                                             : std::ranges::find(how.accept, status) != how.accept.end();
    return accepted && (!r.resolve || is_json_type(only_type(fields))) && holds(how.require, status, fields);
}

std::string_view media_type_of(std::string_view content_type) noexcept {
    return http::trim_ows(content_type.substr(0, content_type.find(';')));
}

bool is_json_type(std::string_view media_type) noexcept {
    constexpr std::string_view suffix = "+json";
    const auto slash = media_type.find('/');
    return http::same_name(media_type, "application/json") ||
           (slash != std::string_view::npos && slash > 0 && media_type.size() > slash + 1 + suffix.size() &&
            http::same_name(media_type.substr(media_type.size() - suffix.size()), suffix));
}

} // namespace sluice::authorize
