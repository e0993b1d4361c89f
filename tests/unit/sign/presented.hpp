#pragma once

#include <sluice/base/text.hpp>
#include <sluice/sign/verify_url.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

/// URLs as `verify_url` is shown them.
namespace presented {

using namespace std::chrono_literals;
using namespace sluice::sign;
using time_point = std::chrono::system_clock::time_point;

/// What a test says beside the URL.
struct around {
    std::string bucket;
    url_key key{};
    time_point now{};
    method m{method::get};
    std::string account{}; ///< then the URL is one of Azure
    std::string object{};  ///< "": what follows the bucket in the path, or the path
};

inline std::string host_field(std::string_view scheme, std::string authority) {
    authority = sluice::to_lower(authority);
    const std::string usual = scheme == "https" ? ":443" : ":80";
    return authority.ends_with(usual) ? authority.substr(0, authority.size() - usual.size()) : authority;
}

inline url_signature verify(std::string_view url, const around& with) {
    const auto scheme = url.substr(0, url.find(':'));
    url.remove_prefix(scheme.size() + 3);
    const std::string authority(url.substr(0, url.find('/')));
    url.remove_prefix(authority.size());
    const auto path = url.substr(0, url.find('?'));
    const auto field = host_field(scheme, authority);
    std::string object = with.object;
    if (object.empty()) {
        const auto base = path.find("/" + with.bucket + "/");
        const auto raw = base == std::string_view::npos ? path.substr(1) : path.substr(base + with.bucket.size() + 2);
        object = sluice::percent_decode(raw).value();
    }
    presented_url shown;
    shown.family = with.account.empty() ? url_family::bucket : url_family::azure;
    shown.tls = scheme == "https";
    shown.authority = authority;
    shown.host_field = field;
    shown.path = path;
    shown.query = path.size() == url.size() ? std::string_view() : url.substr(path.size() + 1);
    shown.m = with.m;
    shown.account = with.account;
    shown.bucket = with.bucket;
    shown.key = object;
    return verify_url(shown, with.key, with.now);
}

inline std::string by(std::string_view url, const around& with) {
    switch (verify(url, with).by) {
    case url_signer::own:
        return "own";
    case url_signer::foreign:
        return "foreign";
    case url_signer::unsigned_:
        return "unsigned";
    case url_signer::invalid:
        return "invalid";
    }
    return "";
}

inline url_key key_of(std::string id, std::string_view secret, std::string_view token = {},
                      std::optional<time_point> expires = {}) {
    return std::make_shared<const sluice::identity::aws_credentials>(
        sluice::identity::aws_credentials{std::move(id), sluice::secret(secret), sluice::secret(token), expires});
}

/// Every change of one byte of the query, to some others, leaves no signature of the own key: tells how many there
/// were.
inline std::size_t no_change_is_own(const std::string& url, const around& with) {
    std::size_t changes = 0;
    for (auto at = url.find('?') + 1; at < url.size(); ++at) {
        for (const char other : {'0', '1', 'a', 'A', 'z', '&', '=', '%', '+', '.', static_cast<char>(url[at] ^ 1)}) {
            std::string changed = url;
            changed[at] = other;
            // `%2f` for `%2F` says the same.
            const bool same = sluice::to_lower(changed) == sluice::to_lower(url) && at >= 2 &&
                              (url[at - 1] == '%' || url[at - 2] == '%');
            if (other == url[at] || same) {
                continue;
            }
            ++changes;
            if (by(changed, with) == "own") {
                BOOST_ERROR("byte " << at << " as " << other << " is believed: " << changed);
            }
        }
        std::string shorter = url;
        shorter.erase(at, 1);
        ++changes;
        if (by(shorter, with) == "own") {
            BOOST_ERROR("believed without byte " << at << ": " << shorter);
        }
    }
    return changes;
}

} // namespace presented
