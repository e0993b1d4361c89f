#include "cold_question.hpp"

#include <utility>

namespace sluice::media::detail {

cold_question question_for(lookup_flights& flights, origin::store& store, const std::string& key, bool head_only,
                           const requested_ranges& wanted, std::uint64_t read_ahead) {
    auto object = lookup_flights::key_of(store, key);
    auto range = cold_range(head_only, wanted, {read_ahead, store.settings().parallel});
    const auto first_byte = store.pace().first_byte();
    const auto shared = shared_question(head_only, wanted, first_byte);
    if (!shared.empty() || !range) {
        object.append(1, '\n').append(shared);
        return {std::move(object), range, std::nullopt};
    }
    const auto now = steady_clock::now();
    const auto leader = flights.cold().to_follow(object, range->first, now, {first_byte, store.pace().each()});
    std::string flight = object + '\n' + std::to_string(leader.value_or(range->first));
    return {std::move(flight), range, cold_requests::request{range->first, range->last, now}};
}

} // namespace sluice::media::detail
