#include "route_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// Redirects that have a Location for the same method, or for GET (RFC 9110 §15.4).
constexpr std::array<std::string_view, 5> redirect_statuses{"301", "302", "303", "307", "308"};

result<std::string> parse_redirect_status(std::string_view text) {
    if (std::ranges::find(redirect_statuses, text) == redirect_statuses.end()) {
        return bad("must be a list of redirect statuses: 301, 302, 303, 307, 308");
    }
    return std::string(text);
}

void read_statuses(reading& r, mapping& m, std::vector<unsigned>& out) {
    const node* value = m.has("statuses") ? m.take("statuses") : nullptr;
    if (value == nullptr) {
        return;
    }
    std::vector<std::string> texts;
    m.read_list("statuses", texts, parse_redirect_status);
    if (value->what == node::kind::sequence && value->items.empty()) {
        r.add(*value, "\"" + m.full("statuses") + "\" is an empty list: leave it out");
    }
    out.clear();
    for (const auto& text : texts) {
        out.push_back(static_cast<unsigned>(parse_number(text).value()));
    }
}

} // namespace

void read_follow(reading& r, mapping& m, route& out) {
    mapping f(r, *m.take("follow"), m.full("follow"));
    follow got;
    read_statuses(r, f, got.statuses);
    f.read_duration("ttl", got.ttl, 0ms, 24h);
    f.read_choice<redirect_trust>("trust", got.trust,
                                  {{"signature", redirect_trust::signature}, {"location", redirect_trust::location}});
    f.finish();
    out.follow = std::move(got);
}

} // namespace sluice::config
