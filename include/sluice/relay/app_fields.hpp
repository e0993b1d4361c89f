#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/http/head.hpp>

#include <span>
#include <string>

namespace sluice::relay {

/// Calls `visit` with each field of the app's response that is passed on: all but those that end at this hop, those of
/// the message's framing, and those named in `hidden` (lower case; `_` counts as `-`).
template <class Visit>
void each_passed_field(const http::response_head& head, std::span<const std::string> hidden, Visit visit) {
    const http::hop_by_hop hop(head.fields);
    for (const auto& field : head.fields.items) {
        if (!http::same_name(field.name, "content-length") && !hop.strips(field.name) &&
            !http::is_one_of(hidden, field.name)) {
            visit(field);
        }
    }
}

} // namespace sluice::relay
