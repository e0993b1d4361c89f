#include <sluice/media/delivery_rules.hpp>
#include <sluice/media/error_rules.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

using coverage = cache::object::coverage;
using metrics::outcome;

/// Fills begun for one response after its head, where others failed.
constexpr int max_restarts = 8;

bool covers(const origin::object_head& answer, const plan& p) noexcept {
    return !p.has_body ||
           (answer.has_bytes && answer.bytes.first <= p.bytes.first && answer.bytes.last >= p.bytes.last);
}

} // namespace

coverage combine(std::span<const coverage> parts) noexcept {
    const bool alike = std::ranges::adjacent_find(parts, std::not_equal_to<>()) == parts.end();
    return alike && !parts.empty() ? parts.front() : coverage::some;
}

outcome outcome_of(coverage c) noexcept {
    switch (c) {
    case coverage::all:
        return outcome::hit;
    case coverage::some:
        return outcome::partial;
    case coverage::none:
        break;
    }
    return outcome::miss;
}

std::uint64_t bytes_within(std::span<const cache::object::run> runs, std::uint64_t first, std::uint64_t last) noexcept {
    std::uint64_t bytes = 0;
    const auto begin = std::ranges::upper_bound(runs, first, {}, &cache::object::run::end);
    for (auto r = begin; r != runs.end() && r->begin <= last; ++r) {
        bytes += std::min(last + 1, r->end) - std::max(first, r->begin);
    }
    return bytes;
}

next_attempt after_attempt(const result<void>& sent, bool head_sent) noexcept {
    if (sent || head_sent) {
        return next_attempt::none;
    }
    const errc code = sent.error().code;
    if (is_uncacheable(code)) {
        return next_attempt::bypass_cache;
    }
    return is_changed(code) || code == errc::canceled ? next_attempt::look_up_again : next_attempt::none;
}

bool may_restart(bool head_sent, int restarts) noexcept {
    return !head_sent || restarts < max_restarts;
}

bool may_continue_direct(errc code, bool head_sent, std::uint64_t position, std::uint64_t last) noexcept {
    return head_sent && is_uncacheable(code) && position <= last;
}

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

file_method file_method_for(bool has_body, bool is_encoded, std::uint64_t body_size, bool copy) noexcept {
    if (!has_body) {
        return file_method::none;
    }
    if (is_encoded) {
        return file_method::encoded;
    }
    if (body_size <= file_end_size) {
        return file_method::at_once;
    }
    return copy ? file_method::copied : file_method::by_sendfile;
}

} // namespace sluice::media
