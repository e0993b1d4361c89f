#include <sluice/config/cloud_hosts.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace sluice::config {

namespace {

/// `host` without `suffix`; nullopt where it does not end in it or has nothing before it.
std::optional<std::string_view> before_suffix(std::string_view host, std::string_view suffix) {
    if (host.size() <= suffix.size() || !host.ends_with(suffix)) {
        return std::nullopt;
    }
    return host.substr(0, host.size() - suffix.size());
}

/// `[BUCKET.]s3[-VARIANT][.dualstack][.REGION][.vpce]`: AWS General Reference, "Amazon S3 endpoints". Customers' own
/// machines have names below the same suffix (`….REGION.elb`, `….REGION.compute`).
bool is_s3(std::string_view name) {
    std::string_view rest = name;
    std::string_view last;
    bool region = false;
    while (!rest.empty()) {
        const auto dot = rest.rfind('.');
        last = dot == std::string_view::npos ? rest : rest.substr(dot + 1);
        rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
        if (last == "s3" || last.starts_with("s3-")) {
            return true;
        }
        const bool is_region = std::ranges::count(last, '-') >= 2 && last.back() >= '0' && last.back() <= '9';
        if (last == "dualstack" || (last == "vpce" && !region)) {
            continue;
        }
        if (region || !is_region) {
            return false;
        }
        region = true;
    }
    return false;
}

} // namespace

bool is_clouds_own(const url& place) noexcept {
    for (const std::string_view suffix : {".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"}) {
        if (const auto name = before_suffix(place.host, suffix)) {
            return is_s3(*name);
        }
    }
    for (const std::string_view suffix : {".googleapis.com", ".blob.core.windows.net", ".blob.core.chinacloudapi.cn",
                                          ".blob.core.usgovcloudapi.net", ".blob.storage.azure.net"}) {
        if (before_suffix(place.host, suffix)) {
            return true;
        }
    }
    return false;
}

} // namespace sluice::config
