#pragma once

#include <sluice/authorize/decision.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/header_list.hpp>

#include "subrequest.hpp"

#include <memory>
#include <string>

/// What is kept of the app's answer to a subrequest, by its head.
namespace sluice::authorize {

/// The head of a denial, without Set-Cookie, which is for one client alone.
[[nodiscard]] std::shared_ptr<const denied_response> denied_response_of(const subrequest& s,
                                                                        const http::response_head& head);

/// Which of an allowing answer's fields go onto the media. A preset's app has the same policies on all its answers, so
/// that those of this one are those of its media too.
[[nodiscard]] http::header_list fields_for_media(const subrequest& s, const http::field_list& answer);

/// With `authorize.same`: the object's type as its own URL says it; "": it does not, or is not to.
[[nodiscard]] std::string taken_type(const subrequest& s, const http::response_head& head);

/// Warns, once for each route, of a page that somebody took for a decision.
void warn_of_page(const subrequest& s, const http::response_head& head);

} // namespace sluice::authorize
