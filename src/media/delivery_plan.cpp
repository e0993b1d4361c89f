#include <sluice/media/delivery_plan.hpp>

#include "negotiation.hpp"
#include "object_fields.hpp"

#include <utility>

namespace sluice::media {

plan make_plan(const media_request& m, const representation& r) {
    plan p = plan_without_coding(m.x.request.fields, m.head_only, m.wanted, r);
    if (p.several) {
        p.several->type = detail::type_of(m, r);
    }
    detail::negotiate(m, r, p);
    return p;
}

plan make_delivery_plan(const body_context& with, media_request& m, const representation& r) {
    plan p = make_plan(m, r);
    m.coded.reset();
    if (!p.has_body || p.coding == http::content_coding::identity) {
        return p;
    }
    if (auto slot = with.encoders.try_take()) {
        m.coded = std::make_unique<coded_body>(p.coding, r.size, m.x.worker.counters, std::move(*slot));
    } else {
        p.coding = http::content_coding::identity;
    }
    return p;
}

} // namespace sluice::media
