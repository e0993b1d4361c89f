#pragma once

#include <sluice/base/error.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/header_list.hpp>

#include <string_view>

/// What a browser is shown while the app starts. Pure.
namespace sluice::relay {

/// Whether a browser asks for a page to show: a GET that accepts `text/html` and is a navigation, by Sec-Fetch-Mode
/// (Fetch Metadata §2.2) or, since browsers send that only to places that they trust, where there is none by
/// Upgrade-Insecure-Requests (Upgrade Insecure Requests §3.2).
[[nodiscard]] bool is_page_request(const http::request_head& request);

/// Whether an app that failed this way is not up: nobody accepted the connection. What fails later is a fault of its
/// own.
[[nodiscard]] bool is_not_up(const error& e) noexcept;

/// An HTML document that needs nothing but itself and tries again every few seconds, without scripts too.
[[nodiscard]] std::string_view waiting_page() noexcept;

/// Its media type.
inline constexpr std::string_view waiting_page_type = "text/html; charset=utf-8";

/// The fields that go with it. Lives forever.
[[nodiscard]] const http::header_list& waiting_page_fields();

} // namespace sluice::relay
