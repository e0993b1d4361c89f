#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/http/head.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What a request to the app says, whoever makes it.
namespace sluice::relay {

/// What the app is told of the client and of the proxies on the way. Views.
struct forwarded_by {
    const http::request_head& request;
    std::string_view remote_address; ///< of the connection that the request came on
    bool is_trusted;                 ///< that is one of `trusted_proxies`: what it forwards is believed
    std::string_view pseudonym;      ///< of this process in Via (RFC 9110 §7.6.3); "": it adds nothing there
};

/// Appends the fields that Sluice sets on every request to the app, as whole lines: Via, behind what the client sent of
/// it; X-Forwarded-For, -Proto, -Host, -Port, X-Real-IP (and Forwarded, where there was one): believed and extended
/// from trusted proxies, replaced from all others. Pure.
void append_forwarded_fields(std::string& out, const forwarded_by& from);

/// The same for an exchange. A peer that forwards without being trusted is logged once.
void append_forwarded_fields(std::string& out, const session::exchange& x, upstream& app);

/// Whether a request with these fields has been here before: Via names this process. It came back by way of the app's
/// address and would go round without end. Pure.
[[nodiscard]] bool has_looped(const http::field_list& fields, std::string_view pseudonym);

/// Which of a client's fields a request to the app carries. What asks the app for permission goes without those that
/// would steer the app to another resource (steering.hpp).
enum class carried_fields : std::uint8_t {
    all,                  ///< the relayed request itself: all but hop-by-hop and owned ones
    not_steering,         ///< the request whose response may name an object: as it came, its Range and If-* included
    for_subrequest,       ///< also without Range, If-*, Accept-Encoding, Expect and body fields
    for_preset_subrequest ///< also without what browsers say of how they fetch, which a preset's app is known to ignore
};

/// What decides which fields are carried, beside `carried_fields`. Views.
struct field_rules {
    std::span<const std::string> identity_fields; ///< `strip_request_headers`: believed from trusted proxies alone
    std::span<const std::string> object_headers;  ///< of all routes
    bool is_trusted;                              ///< the request comes from one of `trusted_proxies`
    bool writes_via;                              ///< Via is written by `append_forwarded_fields`
};

/// Says of each field of a request whether one to the app carries it. Pure. Keeps views of its arguments.
class client_field_filter {
public:
    client_field_filter(const http::request_head& request, const field_rules& rules, carried_fields which);

    /// Whether the client's field `name`, in any case, goes to the app as it is.
    [[nodiscard]] bool carries(std::string_view name) const;

private:
    const http::request_head& request_;
    field_rules rules_;
    carried_fields which_;
    http::hop_by_hop hop_;
};

/// Appends the client's fields that the app may see, as whole lines, in their order; and Host, where there is none.
void append_client_fields(std::string& out, const session::exchange& x, const upstream& app, carried_fields which);

/// The protocols that the client asks to upgrade to and that may be relayed: none with a body or from HTTP/1.0, and
/// never h2c, whose frames nobody here would check. "" where none remain. Pure.
[[nodiscard]] std::string upgrade_protocols(const http::request_head& request, bool has_body);

} // namespace sluice::relay
