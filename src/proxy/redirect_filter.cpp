#include "redirect_filter.hpp"

#include <sluice/authorize/app_headers.hpp>
#include <sluice/authorize/decision_key.hpp>
#include <sluice/authorize/purge_tags.hpp>
#include <sluice/authorize/subrequest_outcome.hpp>
#include <sluice/media/media_head.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::proxy {

namespace {

/// As the log has it.
std::string_view name_of(authorize::not_followed why) noexcept {
    switch (why) {
    case authorize::not_followed::elsewhere:
        return "elsewhere";
    case authorize::not_followed::ambiguous:
        return "ambiguous";
    case authorize::not_followed::malformed:
        return "malformed";
    case authorize::not_followed::encoded_slash:
        return "encoded_slash";
    case authorize::not_followed::other_bytes:
        break;
    }
    return "other_bytes";
}

std::string_view name_of(sign::url_signer by) noexcept {
    switch (by) {
    case sign::url_signer::own:
        return "own";
    case sign::url_signer::foreign:
        return "foreign";
    case sign::url_signer::unsigned_:
        return "unsigned";
    case sign::url_signer::invalid:
        break;
    }
    return "invalid";
}

/// Whether a URL elsewhere carries what is a signature in all likelihood, as no log-in page's does.
bool looks_signed(std::string_view url) noexcept {
    constexpr std::array<std::string_view, 5> marks{"?X-Amz-", "&X-Amz-", "?X-Goog-", "&X-Goog-", "&Signature="};
    const auto holds = [url](std::string_view mark) { return url.find(mark) != std::string_view::npos; };
    return std::ranges::any_of(marks, holds) || (holds("sig=") && holds("sv=") && holds("se="));
}

/// A cloud's own endpoint has a name, so that a colon can only stand before a port; that was read as one before.
origin::foreign_url foreign_url_of(const authorize::object_url& url, sign::method m) {
    origin::foreign_url out;
    out.tls = url.tls;
    out.host = url.host_field;
    out.port = url.tls ? 443 : 80;
    out.authority = url.host_field;
    if (const auto colon = url.host_field.find(':'); colon != std::string::npos) {
        out.host.resize(colon);
        const auto port = std::string_view(url.host_field).substr(colon + 1);
        std::from_chars(port.data(), port.data() + port.size(), out.port);
    }
    out.target = url.path + "?" + url.query;
    out.m = m;
    return out;
}

} // namespace

redirect_filter::redirect_filter(const media::media_route& route, const session::exchange& x)
    : route_(route)
    , x_(x) {}

bool redirect_filter::on_head(const http::response_head& head, const relay::forward_progress& /*progress*/) {
    responded = steady_clock::now();
    auto url = followed_url(head);
    if (!url) {
        passed_status = head.status;
        return true;
    }
    allow(head, std::move(*url));
    held = hold(head, x_.worker.settings->object_headers);
    return false;
}

std::optional<authorize::object_url> redirect_filter::followed_url(const http::response_head& head) {
    const auto& statuses = route_.settings.follow->statuses;
    if (std::ranges::find(statuses, head.status) == statuses.end() || head.fields.count("Location") != 1) {
        return std::nullopt;
    }
    const auto location = head.fields.value("Location");
    auto read = authorize::read_location(location, route_.locations);
    if (!read.found) {
        if (read.why != authorize::not_followed::elsewhere || looks_signed(location)) {
            pass_on(name_of(read.why), location);
        }
        return std::nullopt;
    }
    const auto by = signer_of(*read.found);
    if (by == sign::url_signer::foreign &&
        authorize::may_ask_store(*read.found, route_.locations[read.found->object.store])) {
        to_prove = foreign_url_of(*read.found, method());
        passed_url = location; // unless the store says yes
    } else if (by != sign::url_signer::own) {
        pass_on(name_of(by), location);
        return std::nullopt;
    }
    return std::move(read.found);
}

sign::method redirect_filter::method() const noexcept {
    return x_.request.method == "HEAD" ? sign::method::head : sign::method::get;
}

void redirect_filter::pass_on(std::string_view why, std::string_view url) {
    why_passed = why;
    passed_url = url;
}

sign::url_signer redirect_filter::signer_of(const authorize::object_url& url) {
    if (route_.settings.follow->trust == config::redirect_trust::location) {
        return sign::url_signer::own; // at its word
    }
    const auto* signer = route_.location_stores[url.object.store]->signer();
    if (signer == nullptr) {
        return sign::url_signer::unsigned_;
    }
    const auto now = std::chrono::system_clock::now();
    const auto& place = route_.locations[url.object.store];
    const auto signature = authorize::signature_of(url, place, method(), signer->own_key(), now);
    if (signature.expires) {
        lifetime = *signature.expires - now;
    }
    return signature.by;
}

void redirect_filter::allow(const http::response_head& head, authorize::object_url url) {
    const auto& settings = *x_.worker.settings;
    allowed.store = url.object.store;
    allowed.key = std::move(url.object.key);
    if (route_.settings.type_from != config::type_from::store) {
        allowed.content_type = std::move(url.content_type);
    }
    allowed.fields = authorize::allowed_app_headers(
        head.fields, {{}, route_.settings.cors.has_value(), route_.settings.allowed_app_headers, true});
    allowed.purge_tags = authorize::purge_tags_of(route_, {}, x_.target);
    allowed.content_disposition = std::move(url.content_disposition);
    if (allowed.content_disposition.empty() && head.fields.count("Content-Disposition") == 1) {
        allowed.content_disposition = head.fields.value("Content-Disposition");
    }
    allowed.has_disposition = !allowed.content_disposition.empty();
    set_cookie = authorize::set_cookie_headers(head.fields);
    may_be_kept = authorize::may_be_kept(
        head.fields, {route_.settings.name, x_.request.method, x_.target, {}, {}, settings.strip_request_headers});
}

http::header_list redirect_filter::on_failure(const error& e, const relay::forward_progress& /*progress*/) {
    held.reset();
    if (e.source == error_source::client) {
        return {};
    }
    why_failed = authorize::reason_without_response(e);
    failure_detail = authorize::text_of_failure(e);
    return media::bypass_fields(to_string(*why_failed));
}

} // namespace sluice::proxy
