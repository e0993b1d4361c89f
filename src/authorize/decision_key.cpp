#include <sluice/authorize/decision_key.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::authorize {

namespace {

/// With its length before it, so that no two lists of parts give the same text.
void append_part(std::string& out, std::string_view part) {
    const auto length = static_cast<std::uint64_t>(part.size());
    for (unsigned shift = 0; shift < 64; shift += 8) {
        out += static_cast<char>((length >> shift) & 0xFFU);
    }
    out += part;
}

/// Whether Vary (RFC 9110 §12.5.5) names `*`, or a field that `counts`.
template <class Counts>
bool varies_by(const http::field_list& response, Counts counts) {
    return std::ranges::any_of(response.items, [&counts](const http::field_view& f) {
        auto rest = http::same_name(f.name, "Vary") ? f.value : std::string_view();
        while (const auto name = http::next_list_member(rest)) {
            if (*name == "*" || counts(*name)) {
                return true;
            }
        }
        return false;
    });
}

} // namespace

bool is_ignored_field(std::string_view name, const decision_inputs& in) {
    static constexpr std::array<std::string_view, 11> names{
        "referer",     "traceparent",       "tracestate",   "x-request-id",   "b3", "range", "x-b3-traceid",
        "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-amzn-trace-id"};
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
    };
    const auto is = [name](std::string_view other) { return http::same_name(name, other); };
    const bool by_kind = in.asked == asked_url::decision ? starts("accept") || is("user-agent") : is("accept-encoding");
    return !http::is_one_of(in.identity_headers, name) &&
           (by_kind || starts("if-") || std::ranges::any_of(names, is) || std::ranges::any_of(in.ignore_headers, is));
}

bool varies_beyond_key(const http::field_list& response, const decision_inputs& in) {
    const auto never_sent = [](std::string_view name) {
        return http::same_name(name, "accept-encoding") || http::same_name(name, "range") ||
               (name.size() > 3 && http::same_name(name.substr(0, 3), "if-"));
    };
    return varies_by(response, [&](std::string_view name) { return is_ignored_field(name, in) && !never_sent(name); });
}

bool may_be_kept(const http::field_list& response, const decision_inputs& in) {
    const auto forbids = [](const http::field_view& f) {
        return http::same_name(f.name, "Cache-Control") && http::list_contains(f.value, "no-store");
    };
    return std::ranges::none_of(response.items, forbids) &&
           !varies_by(response, [&in](std::string_view name) { return is_ignored_field(name, in); });
}

std::string decision_text(const decision_inputs& in) {
    std::string text;
    text.reserve(in.fields.size() + in.target.size() + 64);
    append_part(text, in.route);
    append_part(text, in.method);
    append_part(text, in.target);
    for (auto rest = in.fields; !rest.empty();) {
        const auto line = rest.substr(0, rest.find("\r\n"));
        if (!is_ignored_field(line.substr(0, line.find(':')), in)) {
            append_part(text, line);
        }
        rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    }
    return text;
}

decision_tags tags_of(const protected_route& route, std::string_view subrequest_target, std::string_view request_target,
                      std::string caller) {
    decision_tags tags{route.subrequest_names_resource ? resource_path(subrequest_target) : std::string(),
                       resource_path(request_target)};
    if (route.preset != nullptr) {
        tags.all_resources = route.preset->all_resources();
        tags.caller = std::move(caller);
    }
    return tags;
}

std::string flight_name(const decision_cache::key_type& key, std::optional<std::uint64_t> generation,
                        std::uintptr_t request) {
    std::string name(key.begin(), key.end());
    return name.append(generation ? "." : "!").append(std::to_string(generation ? *generation : request));
}

} // namespace sluice::authorize
