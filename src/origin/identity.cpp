#include <sluice/config/address.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/sign/crypto.hpp>

#include <array>

namespace sluice::origin {

namespace {

std::string text_of(const config::url& u) {
    return (u.tls ? "https://" : "http://") + u.authority() + u.path;
}

std::string endpoint_of(const config::store& s, std::string_view place) {
    switch (s.type) {
    case config::store_type::gcs: // buckets are unique within their universe only, which the credentials name
        return (!s.endpoint || s.endpoint->tls ? "https://" : "http://") + std::string(place);
    case config::store_type::azure:
        return blob_endpoint(s);
    default:
        return s.endpoint ? text_of(*s.endpoint) : "aws:" + s.region;
    }
}

/// Where the default chain finds something that is no secret and stands for one identity.
std::string owner_in(const config::store& s, const identity::environment& env) {
    if (s.type == config::store_type::s3 && !env("AWS_SESSION_TOKEN")) {
        if (const auto id = env("AWS_ACCESS_KEY_ID")) {
            return sign::sha256_hex(*id);
        }
    }
    if (s.type == config::store_type::s3 && !env("AWS_ACCESS_KEY_ID")) {
        if (const auto role = env("AWS_ROLE_ARN")) {
            return sign::sha256_hex(*role);
        }
    }
    return std::holds_alternative<config::gcs_credentials_file>(s.credentials) ? "credentials-file" : "default-chain";
}

std::string owner_of(const config::store& s, std::string_view who, const identity::environment& env) {
    if (s.owner) {
        return *s.owner;
    }
    if (s.anonymous || !s.endpoint || config::is_clouds_own(*s.endpoint)) {
        return {};
    }
    return who.empty() ? owner_in(s, env) : sign::sha256_hex(who);
}

std::string_view type_of(const config::store& s) {
    switch (s.type) {
    case config::store_type::gcs:
        return "gcs";
    case config::store_type::azure:
        return "azure";
    case config::store_type::local:
        return "local";
    case config::store_type::s3:
        break;
    }
    return "s3";
}

constexpr std::size_t parts = 5;
constexpr std::size_t owner_part = 3;

/// The parts of an identity; the last one may hold what divides the others.
std::optional<std::array<std::string_view, parts>> split(std::string_view identity) noexcept {
    std::array<std::string_view, parts> found;
    for (std::size_t i = 0; i + 1 < parts; ++i) {
        const auto end = identity.find('|');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        found[i] = identity.substr(0, end);
        identity.remove_prefix(end + 1);
    }
    found[parts - 1] = identity;
    return found;
}

} // namespace

std::string identity_of(const config::store& s, std::string_view who, std::string_view place,
                        const identity::environment& env) {
    std::string text(type_of(s));
    if (s.type == config::store_type::local) {
        return text.append("|").append(s.root);
    }
    text.append("|").append(endpoint_of(s, place));
    text.append(s.anonymous ? "|anonymous|" : "|keyed|");
    text.append(owner_of(s, who, env));
    text.append("|").append(s.account.empty() ? "" : s.account + "/").append(s.bucket);
    return text;
}

std::optional<std::string_view> other_owner(std::string_view ours, std::string_view other) noexcept {
    const auto a = split(ours);
    const auto b = split(other);
    if (!a || !b) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < parts; ++i) {
        if (((*a)[i] == (*b)[i]) == (i == owner_part)) {
            return std::nullopt;
        }
    }
    return (*b)[owner_part];
}

} // namespace sluice::origin
