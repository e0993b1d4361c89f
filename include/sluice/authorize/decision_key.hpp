#pragma once

#include <sluice/authorize/decision_cache.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/http/head.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Which requests share a decision, and by which names it is invalidated. Pure.
namespace sluice::authorize {

/// What was asked, by which the fields differ that do not change the answer.
enum class asked_url {
    decision, ///< of an endpoint that decides
    object    ///< the object's own: what the client accepts may change what the app says of it
};

/// All that a decision may depend on. Views.
struct decision_inputs {
    std::string_view route;                          ///< its name
    std::string_view method;                         ///< of the client's request; the subrequest is a GET in any case
    std::string_view target;                         ///< of the subrequest, raw
    std::string_view fields;                         ///< of the subrequest: whole lines, each ended by CRLF
    std::span<const std::string> ignore_headers{};   ///< `authorize.ignore_headers`
    std::span<const std::string> identity_headers{}; ///< `strip_request_headers`: these count, whatever else they match
    asked_url asked{asked_url::decision};
};

/// True for a header field that differs from one request of a caller to the next and does not change the decision:
/// Accept*, If-*, Range, User-Agent, Referer, those of tracing, and `in.ignore_headers`; never one of
/// `in.identity_headers`. With `asked_url::object` Accept* and User-Agent count, but for Accept-Encoding, which is not
/// sent. Names are compared without case.
[[nodiscard]] bool is_ignored_field(std::string_view name, const decision_inputs& in);

/// True where the response says by Vary (RFC 9110 §12.5.5) that it depends on more than `decision_text` holds: on what
/// no field says (`*`), or on a field that is sent and ignored.
[[nodiscard]] bool varies_beyond_key(const http::field_list& response, const decision_inputs& in);

/// Whether a response to the client's own request, sent with all its fields, may stand for later ones with the same
/// key: not where it varies by `*` or by a field that the key ignores, nor with `Cache-Control: no-store`.
[[nodiscard]] bool may_be_kept(const http::field_list& response, const decision_inputs& in);

/// The text that `decision_cache::key_of` hashes: equal for two requests if and only if the route, the method, the
/// target and the lines of all fields that are not ignored are equal, those in their order.
[[nodiscard]] std::string decision_text(const decision_inputs& in);

/// By which names the decision of a subrequest to `subrequest_target`, for a client's request of `request_target` (both
/// raw), is invalidated. `caller`: of `decision_cache::caller_tag`; it and `all_resources` are tags on a preset's route
/// alone.
[[nodiscard]] decision_tags tags_of(const protected_route& route, std::string_view subrequest_target,
                                    std::string_view request_target, std::string caller);

/// Under which name concurrent identical subrequests are collapsed into one. `generation`: of the insert token, so that
/// nobody who asks after an invalidation gets a response from before it; nullopt where no decision is kept, and
/// `request` then tells this request from all others.
[[nodiscard]] std::string flight_name(const decision_cache::key_type& key, std::optional<std::uint64_t> generation,
                                      std::uintptr_t request);

} // namespace sluice::authorize
