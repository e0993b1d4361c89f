#include "negotiation.hpp"

#include <sluice/http/fields.hpp>
#include <sluice/http/media_type.hpp>

#include "object_fields.hpp"

#include <algorithm>

namespace sluice::media::detail {

namespace {

/// Below it the fields take more than is gained; the app's middleware has the same.
constexpr std::uint64_t min_size = 500;

/// Whether the answer, as route and app have it, or the request forbids to change what the object is sent as.
bool must_stay(const media_request& m) {
    bool stays =
        m.x.request.fields.has_token("Cache-Control", "no-transform") || !override_value(m, "Content-Encoding").empty();
    for_each_override(m, "Cache-Control", [&stays](std::string_view value) {
        stays = stays || http::list_contains(value, "no-transform");
    });
    return stays;
}

} // namespace

void negotiate(const media_request& m, const representation& r, plan& p) {
    const auto& compress = m.route.settings.compress;
    const bool tells_version = p.status == 200 || p.status == 206 || p.status == 304;
    if (!compress || !tells_version || r.size < min_size || r.size > compress->max_size ||
        !http::is_compressible_type(type_of(m, r)) || must_stay(m)) {
        return;
    }
    if (p.several) {
        return; // of another type
    }
    p.varies = true;
    const bool ranged = !m.head_only && m.wanted.any();
    if (p.status == 206 || (p.status == 304 && ranged) || m.x.request.version < 11) {
        return;
    }
    p.coding = http::preferred_coding(m.x.request.fields);
}

} // namespace sluice::media::detail
