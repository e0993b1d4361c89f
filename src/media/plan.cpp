#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/media/plan.hpp>

#include "negotiation.hpp"
#include "object_fields.hpp"

#include <algorithm>

namespace sluice::media {

namespace {

/// Bodies that are compressed at once, which bounds their memory (some 2 MiB each) and how long the pool's queue is
/// for them; what comes beyond goes out as it is. Whoever looks at the same time may exceed it by one a worker.
constexpr unsigned most_encoders = 32;

/// Several ranges, or what they come to. False where the whole is to be sent instead.
bool plan_several(const media_request& m, const representation& r, plan& p) {
    auto parts = http::resolve_ranges(m.ranges, r.size);
    if (!parts) {
        p.status = parts.error().code == errc::range_not_satisfiable ? 416 : 200;
        return p.status == 416;
    }
    p.status = 206;
    p.has_body = true;
    p.bytes = parts.value().front();
    if (parts.value().size() > 1) {
        p.several = multipart{std::move(parts.value()), make_boundary(), std::string(detail::type_of(m, r)), r.size};
    }
    return true;
}

http::validators validators_of(const representation& r, const http::field_list& fields) {
    // Reading the date costs a third of a small hit's instructions: only where a field compares it.
    const bool dated = fields.find("If-Modified-Since") != nullptr || fields.find("If-Unmodified-Since") != nullptr ||
                       fields.find("If-Range") != nullptr;
    return {r.etag, dated ? http::parse_http_date(r.last_modified) : std::nullopt};
}

} // namespace

void take_ranges(media_request& m) {
    const auto& fields = m.x.request.fields;
    const auto* field = fields.find("Range");
    if (field == nullptr || fields.count("Range") != 1) {
        return;
    }
    auto specs = http::parse_range_spec(field->value);
    if (specs && specs.value().size() == 1) {
        m.range = specs.value().front();
    } else if (specs) {
        m.ranges = std::move(specs.value());
    }
}

namespace {

/// All but the coding.
plan decide(const media_request& m, const representation& r) {
    plan p;
    const auto& fields = m.x.request.fields;
    const auto known = validators_of(r, fields);
    switch (http::evaluate_preconditions(fields, known)) {
    case http::precondition::not_modified:
        p.status = 304;
        return p;
    case http::precondition::failed:
        p.status = 412;
        return p;
    case http::precondition::proceed:
        break;
    }
    // Range is defined for GET alone (RFC 9110 §14.2).
    const bool ranged = (m.range || !m.ranges.empty()) && !m.head_only &&
                        http::if_range_holds(fields, known, std::chrono::floor<std::chrono::seconds>(r.told));
    if (ranged && m.range) {
        const auto bytes = m.range->resolve(r.size);
        p.status = bytes ? 206 : 416;
        p.bytes = bytes.value_or(http::byte_range{});
        p.has_body = bytes.has_value();
        return p;
    }
    if (ranged && plan_several(m, r, p)) {
        return p;
    }
    p.has_body = !m.head_only && r.size > 0;
    p.bytes = {0, r.size > 0 ? r.size - 1 : 0};
    return p;
}

} // namespace

plan make_plan(const media_request& m, const representation& r) {
    plan p = decide(m, r);
    detail::negotiate(m, r, p);
    return p;
}

plan make_delivery_plan(media_request& m, const representation& r) {
    plan p = make_plan(m, r);
    m.coded.reset();
    if (!p.has_body || p.coding == http::content_coding::identity) {
        return p;
    }
    if (m.worker.shared.encoders.load(std::memory_order_relaxed) < most_encoders) {
        m.coded = std::make_unique<coded_body>(p.coding, r.size, m.worker.shared.counters, m.worker.shared.encoders);
    } else {
        p.coding = http::content_coding::identity;
    }
    return p;
}

bool has_conditions(const media_request& m) noexcept {
    const auto& fields = m.x.request.fields;
    return std::ranges::any_of(
        fields.items, [](const auto& f) { return f.name.size() > 3 && http::same_name(f.name.substr(0, 3), "if-"); });
}

} // namespace sluice::media
