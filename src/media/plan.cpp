#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/media/plan.hpp>

namespace sluice::media {

namespace {

http::validators validators_of(const representation& r, const http::field_list& fields) {
    // Reading the date costs a third of a small hit's instructions: only where a field compares it.
    const bool dated = fields.find("If-Modified-Since") != nullptr || fields.find("If-Unmodified-Since") != nullptr ||
                       fields.find("If-Range") != nullptr;
    return {r.etag, dated ? http::parse_http_date(r.last_modified) : std::nullopt};
}

void plan_whole(plan& p, bool head_only, std::uint64_t size) {
    p.has_body = !head_only && size > 0;
    p.bytes = {0, size > 0 ? size - 1 : 0};
}

void plan_single(plan& p, const http::range_spec& range, std::uint64_t size) {
    const auto bytes = range.resolve(size);
    p.status = bytes ? 206 : 416;
    p.bytes = bytes.value_or(http::byte_range{});
    p.has_body = bytes.has_value();
}

/// Several ranges, or the one that they come to, or the whole where there are too many.
void plan_several(plan& p, const std::vector<http::range_spec>& ranges, std::uint64_t size) {
    auto parts = http::resolve_ranges(ranges, size);
    if (!parts && parts.error().code == errc::range_not_satisfiable) {
        p.status = 416;
        return;
    }
    if (!parts) {
        plan_whole(p, false, size);
        return;
    }
    p.status = 206;
    p.has_body = true;
    p.bytes = parts.value().front();
    if (parts.value().size() > 1) {
        p.several = multipart{std::move(parts.value()), make_boundary(), {}, size};
    }
}

} // namespace

plan plan_without_coding(const http::field_list& fields, bool head_only, const requested_ranges& wanted,
                         const representation& r) {
    plan p;
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
    const bool ranged = !head_only && wanted.any() &&
                        http::if_range_holds(fields, known, std::chrono::floor<std::chrono::seconds>(r.received));
    if (!ranged) {
        plan_whole(p, head_only, r.size);
    } else if (wanted.single) {
        plan_single(p, *wanted.single, r.size);
    } else {
        plan_several(p, wanted.several, r.size);
    }
    return p;
}

} // namespace sluice::media
