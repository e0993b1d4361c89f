// What of the app's fields goes onto a route's objects.
#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

/// Whether some answer of the app says the type of the route's objects.
bool app_says_type(const route& r) {
    const auto* how = std::get_if<authorize_subrequest>(&r.authorize);
    const bool taken = how != nullptr && how->same != same_question::none &&
                       std::ranges::find(how->take, "content-type") != how->take.end();
    return !r.object_header.empty() || r.follow || (r.resolve && !r.resolve->content_type.empty()) || taken;
}

bool sets_type(const route& r) {
    return std::ranges::any_of(r.headers, [](const auto& h) { return to_lower(h.first) == "content-type"; });
}

/// `store`, `app`, or the type itself.
void read_content_type(mapping& m, route& out) {
    const node* value = m.scalar("content_type");
    if (value == nullptr) {
        return;
    }
    if (sets_type(out)) {
        m.wrong("content_type", *value, "and a Content-Type among \"headers\" are mutually exclusive");
        return;
    }
    if (value->text == "app") {
        out.type_from = type_from::app;
        if (!app_says_type(out)) {
            m.wrong("content_type", *value,
                    "cannot be app: no answer of the app says the type of this route's objects; write store, or the "
                    "type itself");
        }
        return;
    }
    if (out.resolve && !out.resolve->content_type.empty()) {
        m.wrong("content_type", *value, "and resolve.content_type are mutually exclusive");
    } else if (value->text == "store") {
        out.type_from = type_from::store;
    } else if (auto type = parse_media_type(value->text)) {
        out.type_from = type_from::route;
        out.headers.emplace_back("Content-Type", std::move(*type));
    } else {
        m.wrong("content_type", *value, "must be store, app, or a media type without parameters, as video/mp4");
    }
}

result<std::string> parse_allowed_header(std::string_view text) {
    auto name = parse_app_header(text);
    if (name && *name == "content-type") {
        return bad("must not hold Content-Type, which is that of the app's own answer: \"content_type\" says the "
                   "object's");
    }
    return name;
}

void read_allowed(mapping& m, route& out) {
    const node* value = m.read_list("allowed_app_headers", out.allowed_app_headers, parse_allowed_header);
    if (value == nullptr) {
        return;
    }
    if (!out.object_header.empty()) {
        m.wrong("allowed_app_headers", *value,
                "and object_header are mutually exclusive: all fields of its answer go on");
    } else if (std::holds_alternative<authorize_none>(out.authorize) && !out.follow) {
        m.wrong("allowed_app_headers", *value, "means nothing where the app is not asked");
    }
}

} // namespace

result<std::string> parse_app_header(std::string_view text) {
    auto name = parse_field_name(text);
    if (name && (is_connection_field(*name) || is_owned_response_field(*name))) {
        return bad("must not hold a field that Sluice writes itself, or that ends with the connection");
    }
    return name;
}

void read_app_fields(reading& r, mapping& m, route& out) {
    if (out.preset != preset::none) {
        exclude(r, m, "preset", {"content_type"});
    } else {
        read_content_type(m, out);
    }
    read_allowed(m, out);
}

} // namespace sluice::config
