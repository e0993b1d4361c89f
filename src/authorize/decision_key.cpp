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

} // namespace

bool is_ignored_field(std::string_view name, std::span<const std::string> ignore_headers,
                      std::span<const std::string> identity_headers) {
    static constexpr std::array<std::string_view, 12> names{
        "user-agent", "referer",      "traceparent", "tracestate",        "x-request-id", "b3",
        "range",      "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-amzn-trace-id"};
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
    };
    const auto is = [name](std::string_view other) { return http::same_name(name, other); };
    return !http::is_one_of(identity_headers, name) &&
           (starts("accept") || starts("if-") || std::ranges::any_of(names, is) ||
            std::ranges::any_of(ignore_headers, is));
}

std::string decision_text(const decision_inputs& in) {
    std::string text;
    text.reserve(in.fields.size() + in.target.size() + 64);
    append_part(text, in.route);
    append_part(text, in.method);
    append_part(text, in.target);
    for (auto rest = in.fields; !rest.empty();) {
        const auto line = rest.substr(0, rest.find("\r\n"));
        if (!is_ignored_field(line.substr(0, line.find(':')), in.ignore_headers, in.identity_headers)) {
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
