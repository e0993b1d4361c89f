#pragma once

#include <sluice/proxy/exchange.hpp>

#include <string>
#include <string_view>

/// The one writer of response heads: how each begins and ends, whoever says what stands between.
namespace sluice::proxy {

/// `HTTP/1.1 STATUS REASON`: the first line of a head. `reason` must be what a status line may hold.
void append_status_line(std::string& out, unsigned status, std::string_view reason);

/// The Date that RFC 9110 §6.6.1 wants in every final response, as it is now (the worker's tick renews it).
void append_date(std::string& out, const exchange& x);

/// Begins the head of a final answer of ours: status line and Date. Sets `x.status`.
void begin_head(std::string& out, exchange& x, unsigned status);

/// Ends a head: whether another request may follow, where the version's default is not meant (RFC 9112 §9.3), and the
/// empty line.
void end_head(std::string& out, const exchange& x);

} // namespace sluice::proxy
