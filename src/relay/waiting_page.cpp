#include <sluice/http/fields.hpp>
#include <sluice/relay/waiting_page.hpp>

namespace sluice::relay {

namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="3">
<title>Starting…</title>
<link rel="icon" href="data:,">
<style>
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;font:16px/1.5 system-ui,sans-serif;color:#1c2530;background:#f6f7f9}
main{max-width:26rem;padding:2rem;text-align:center}
h1{margin:1.25rem 0 .35rem;font-size:1.25rem;font-weight:600}
p{margin:0;color:#5b6775}
i{display:block;width:2rem;height:2rem;margin:0 auto;border:3px solid #d3d9e0;border-top-color:#3c4a5a;border-radius:50%;animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}
@media (prefers-color-scheme:dark){body{color:#e6eaef;background:#15181c}p{color:#98a3b0}i{border-color:#333b44;border-top-color:#c3ccd6}}
@media (prefers-reduced-motion:reduce){i{animation:none}}
</style>
</head>
<body>
<main>
<i aria-hidden="true"></i>
<h1>The app is starting</h1>
<p>It cannot be reached yet. This page tries again by itself every few seconds.</p>
</main>
</body>
</html>
)";

/// Allows the style by its hash, so that nothing else can be injected; a test compares it. No `frame-ancestors`: where
/// the app is shown in a frame, so is this.
constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'sha256-KhlPVU3cPQCzk8abUxBUSTFM+VTtapRek7WaYVI9+9g='; img-src data:; "
    "base-uri 'none'; form-action 'none'";

/// Whether `accept` names `text/html` itself, which scripts and players do not.
bool accepts_html(std::string_view accept) {
    while (const auto range = http::next_list_member(accept)) {
        if (http::same_name(http::trim_ows(range->substr(0, range->find(';'))), "text/html")) {
            return true;
        }
    }
    return false;
}

} // namespace

bool is_page_request(const http::request_head& request) {
    if (request.method != "GET" || !accepts_html(request.fields.value("Accept"))) {
        return false;
    }
    const auto* mode = request.fields.find("Sec-Fetch-Mode");
    return mode != nullptr ? mode->value == "navigate" : request.fields.value("Upgrade-Insecure-Requests") == "1";
}

bool is_not_up(const error& e) noexcept {
    return e.source == error_source::app && (e.code == errc::connect_failed || e.code == errc::resolve_failed);
}

std::string_view waiting_page() noexcept {
    return page;
}

const http::header_list& waiting_page_fields() {
    static const http::header_list fields{{"Content-Security-Policy", content_security_policy},
                                          {"Cache-Control", "no-store"},
                                          {"Referrer-Policy", "no-referrer"},
                                          {"Retry-After", "3"}};
    return fields;
}

} // namespace sluice::relay
