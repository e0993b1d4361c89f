#include <sluice/media/direct_rules.hpp>

namespace sluice::media {

namespace {

bool covers(const origin::object_head& answer, const plan& p) noexcept {
    return !p.has_body ||
           (answer.has_bytes && answer.bytes.first <= p.bytes.first && answer.bytes.last >= p.bytes.last);
}

} // namespace

direct_step direct_step_for(const origin::object_head& answer, const plan& p, bool conditional,
                            const std::optional<http::range_spec>& asked) noexcept {
    const bool refused = answer.status == 416;
    if (refused && answer.size > 0 && (p.status != 416 || conditional)) {
        return {}; // what the conditions mean is known from a whole answer alone
    }
    direct_step step{covers(answer, p), asked};
    if (p.status == 200) {
        step.range.reset();
    } else if (p.status == 206) {
        step.range = http::range_spec{http::range_spec::form::bounded, p.bytes.first, p.bytes.last, 0};
    }
    return step;
}

bool is_empty_whole(const origin::object_head& answer, const plan& p) noexcept {
    return answer.status == 416 && answer.size == 0 && p.status != 416;
}

} // namespace sluice::media
