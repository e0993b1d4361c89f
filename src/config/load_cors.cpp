#include <sluice/config/address.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// A serialized origin (RFC 6454 §6.2), exactly as browsers send it: any other spelling would never match.
result<std::string> parse_origin(std::string_view text) {
    if (text == "*") {
        return std::string(text);
    }
    const auto parsed = parse_url(text);
    if (!parsed || parsed->text() != text) {
        return bad("must hold origins as browsers send them: https://host or https://host:port in lower case, without "
                   "the scheme's own port and without / at the end; or \"*\" alone");
    }
    return std::string(text);
}

result<std::string> parse_exposed(std::string_view text) {
    if (text == "*") {
        return bad("must hold names of fields, not *");
    }
    return parse_field_name(text);
}

} // namespace

void read_cors(reading& r, mapping& m, route& out) {
    const node* value = m.take("cors");
    if (value == nullptr) {
        return;
    }
    mapping k(r, *value, m.full("cors"));
    struct cors got;
    if (const node* origins = k.need("origins")) {
        k.read_list("origins", got.origins, parse_origin);
        if (origins->what == node::kind::null || (origins->what == node::kind::sequence && origins->items.empty())) {
            k.wrong("origins", *origins, "needs at least one origin");
        }
        got.any_origin = std::ranges::find(got.origins, "*") != got.origins.end();
        if (got.any_origin && got.origins.size() > 1) {
            k.wrong("origins", *origins, "has \"*\" beside other origins");
        }
    }
    const node* credentials = k.read_bool("credentials", got.credentials);
    if (got.any_origin && got.credentials) {
        // Fetch §3.2.5 refuses the pair; echoing each origin instead would let any page read as the user.
        k.wrong("credentials", *credentials, "must not be true where origins is \"*\"");
    }
    if (got.any_origin) {
        got.origins.clear();
    }
    k.read_list("expose_headers", got.expose_headers, parse_exposed);
    k.read_duration("max_age", got.max_age, 0ms, 24h);
    k.finish();
    for (const auto& [name, text] : out.headers) {
        if (to_lower(name).starts_with("access-control-")) {
            r.add(*value, "\"" + m.full("cors") + "\" and a field Access-Control-* in headers are mutually exclusive");
        }
    }
    out.cors = std::move(got);
}

} // namespace sluice::config
