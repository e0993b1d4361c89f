#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// The one writer of response heads: how each begins and ends, whoever says what stands between.
namespace sluice::session {

/// `HTTP/1.1 STATUS REASON`: the first line of a head. `reason` must be what a status line may hold.
void append_status_line(std::string& out, unsigned status, std::string_view reason);

/// The Date that RFC 9110 §6.6.1 wants in every final response, as it is now (the worker's tick renews it).
void append_date(std::string& out, const exchange& x);

/// Begins the head of a final answer of ours: status line and Date. Sets `x.status`.
void begin_head(std::string& out, exchange& x, unsigned status);

/// Ends a head: whether another request may follow, where the version's default is not meant (RFC 9112 §9.3), and the
/// empty line.
void end_head(std::string& out, const exchange& x);

/// Appends `n` in decimal.
void append_number(std::string& out, std::uint64_t n);

/// Appends a field; nothing where `value` is empty, or no field value: what a store says that is none is left out.
void append_line(std::string& out, std::string_view name, std::string_view value);

/// Appends those of the whole lines `lines` whose field's name is not left out.
template <class LeftOut>
void append_unless(std::string& out, std::string_view lines, LeftOut is_left_out) {
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n") + 2);
        if (!is_left_out(line.substr(0, line.find(':')))) {
            out += line;
        }
        lines.remove_prefix(line.size());
    }
}

} // namespace sluice::session
