#include <sluice/cache/key.hpp>
#include <sluice/http/freshness.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/join_rules.hpp>
#include <sluice/media/lookup_rules.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

using http::range_spec;

constexpr std::uint64_t max_offset = INT64_MAX;

range_spec bounded(std::uint64_t first, std::uint64_t last) noexcept {
    return {range_spec::form::bounded, first, std::min(last, max_offset), 0};
}

/// What is asked for at first of an object that a client wants whole.
constexpr std::uint64_t max_whole = 4U << 20U;

/// The range that is asked for first; nullptr: the whole.
const range_spec* first_of(const requested_ranges& wanted) noexcept {
    if (wanted.single) {
        return &*wanted.single;
    }
    return wanted.several.empty() ? nullptr : &wanted.several.front();
}

/// Whether the answer is of the version in the cache, which is its validator and its size; a 304 tells no size, and may
/// leave its validator out.
bool confirms(const origin::object_head& answer, const known_version& stale) noexcept {
    if (answer.status == 304) {
        return answer.validator.empty() || answer.validator == stale.validator;
    }
    return answer.validator == stale.validator && answer.size == stale.size;
}

} // namespace

std::optional<range_spec> cold_range(bool head_only, const requested_ranges& wanted,
                                     const window_limits& limits) noexcept {
    if (head_only) {
        return std::nullopt;
    }
    const range_spec* range = first_of(wanted);
    if (range == nullptr) {
        const std::uint64_t most = limits.parallel == 1 ? max_whole : first_window;
        return bounded(0, std::min(most, max_window(limits.read_ahead)) - 1); // all of it, but not at once
    }
    if (range->kind == range_spec::form::suffix) {
        return *range;
    }
    const std::uint64_t begin = cache::page_begin(std::min(range->first, max_offset));
    if (range->kind == range_spec::form::bounded && is_fetched_at_once(range->first, range->last, limits)) {
        const std::uint64_t piece = piece_of(range->last - begin + 1, limits.parallel);
        const std::uint64_t last = std::min(range->last, begin + piece - 1);
        return bounded(begin, cache::page_begin(last) + cache::page_size - 1);
    }
    // To the end of a window's unit, so that the windows of all readers meet at the same places.
    return bounded(begin, (begin + first_window / 2) / first_window * first_window + first_window - 1);
}

std::string_view shared_question(bool head_only, const requested_ranges& wanted,
                                 steady_clock::duration first_byte) noexcept {
    if (head_only) {
        return "head";
    }
    if (first_byte <= unnoticed) {
        return "any";
    }
    const range_spec* range = first_of(wanted);
    return range != nullptr && range->kind == range_spec::form::suffix ? "end" : "";
}

std::optional<range_spec> revalidation_range(bool head_only, const requested_ranges& wanted,
                                             std::uint64_t size) noexcept {
    if (head_only || size == 0) {
        return std::nullopt;
    }
    const auto bytes = wanted.single ? wanted.single->resolve(size) : http::byte_range{0, size - 1};
    const std::uint64_t begin = bytes ? cache::page_begin(bytes->first) : 0;
    return bounded(begin, begin + cache::page_size - 1);
}

bool is_fresh(const freshness_state& v, steady_clock::time_point now, std::chrono::milliseconds max_age) noexcept {
    return v.marked <= v.confirmed && http::is_fresh(v.checked, now, max_age);
}

bool may_serve_while_revalidating(const freshness_state& v, steady_clock::time_point now,
                                  std::chrono::milliseconds max_age, std::chrono::milliseconds stale_for) noexcept {
    return v.marked <= v.confirmed && http::is_usable_stale(v.checked, now, max_age, stale_for);
}

bool can_answer_stale(unsigned status, bool conditional) noexcept {
    return status == 206 || status == (conditional ? 304U : 200U);
}

std::chrono::seconds time_to_live(steady_clock::time_point checked, steady_clock::time_point now,
                                  std::chrono::milliseconds max_age) noexcept {
    return std::chrono::floor<std::chrono::seconds>(max_age - (now - checked));
}

bool may_serve_stale(const error& e, const freshness_state& v, steady_clock::time_point now,
                     std::chrono::milliseconds max_age, std::chrono::milliseconds stale_if_error) noexcept {
    return is_outage(e) && v.marked <= v.confirmed && http::is_usable_stale(v.checked, now, max_age, stale_if_error);
}

bool must_retire(const error& e) noexcept {
    return e.code == errc::not_found || e.code == errc::forbidden || is_changed(e.code);
}

bool is_confirmed_since(const arrival& then, const freshness_state& now) noexcept {
    const bool settled = then.same_version ? now.confirmed >= then.marked : now.marked <= now.confirmed;
    return settled && now.checked >= then.time;
}

answer_action action_for(const origin::object_head& answer, const known_version* stale, bool conditional,
                         bool is_second) noexcept {
    if (answer.status == 416) {
        if (is_second) {
            return answer_action::reject;
        }
        const bool is_certain = stale == nullptr && answer.size != 0 && !conditional;
        return is_certain ? answer_action::unsatisfiable : answer_action::ask_without_range;
    }
    if (stale == nullptr) {
        return answer_action::admit;
    }
    if (confirms(answer, *stale)) {
        return answer_action::confirm;
    }
    return answer.status == 304 ? answer_action::ask_anew : answer_action::admit;
}

} // namespace sluice::media
