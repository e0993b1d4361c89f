#include <sluice/http/fields.hpp>
#include <sluice/relay/steering.hpp>

#include <algorithm>
#include <array>

namespace sluice::relay {

namespace {

constexpr std::array<std::string_view, 10> steering{
    // another target: Symfony, Laminas and IIS's rewriters route by these
    "X-Original-URL", "X-Rewrite-URL", "X-Override-URL",
    // another method: Rails, Laravel, Express' and Django's method-override
    "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
    // where the app begins and what is left of the path: gunicorn takes SCRIPT_NAME as it comes, later ones PATH_INFO
    // too; the third is what WSGI recipes for sub-paths read
    "Script-Name", "Path-Info", "X-Script-Name",
    // Next.js: middleware, which is where its apps check sessions, did not run for what carries this (CVE-2025-29927)
    "X-Middleware-Subrequest"};

constexpr std::array<std::string_view, 12> proxy_supplied{
    // the path before a proxy rewrote it, and what forward-auth endpoints decide by (Traefik, Caddy, Authelia)
    "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Context",
    "X-Envoy-Original-Path", "X-Replaced-Path",
    // other names of X-Forwarded-Host, by which an app may tell tenants apart
    "X-Forwarded-Server", "X-Original-Host", "X-Host",
    // Rack::Sendfile: which field an answer names its file in, and which paths become which (CVE-2025-61780)
    "X-Sendfile-Type", "X-Accel-Mapping"};

template <class Names>
bool contains_folded_name(const Names& names, std::string_view name) noexcept {
    return std::ranges::any_of(names, [name](std::string_view other) { return http::same_name_folded(name, other); });
}

} // namespace

bool is_steering_name(std::string_view name) noexcept {
    return contains_folded_name(steering, name);
}

bool is_proxy_supplied_name(std::string_view name) noexcept {
    return contains_folded_name(proxy_supplied, name);
}

} // namespace sluice::relay
