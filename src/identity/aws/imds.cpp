#include <sluice/base/log.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "parts.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace sluice::identity::aws {
namespace {

constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
/// Six hours, the most that the service takes.
constexpr std::string_view token_life = "21600";

/// Where the service is and how long it is waited for.
struct metadata_service {
    config::url place;
    std::string base; ///< of its paths; "" or begins with "/"
    std::chrono::milliseconds timeout{2000};
    std::string name;

    [[nodiscard]] call ask(std::string_view path) const {
        call c;
        c.place = place;
        c.target = base + std::string(path);
        c.timeout = timeout;
        return c;
    }
};

error wrong(std::string_view why) {
    return refused(metadata_name, why, mended_by::operator_alone, error_source::internal);
}

result<metadata_service> service_of(const environment& env) {
    std::string text = "http://169.254.169.254";
    if (const auto mode = env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) {
        const auto m = config::to_lower(*mode);
        if (m != "ipv4" && m != "ipv6") {
            return wrong("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6");
        }
        text = m == "ipv6" ? "http://[fd00:ec2::254]" : text;
    }
    text = env("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(text);
    auto url = parse_service_url(text);
    if (!url) {
        return wrong("AWS_EC2_METADATA_SERVICE_ENDPOINT " + url.error().detail);
    }
    metadata_service service;
    service.place = std::move(url->place);
    service.base = std::move(url->target);
    while (service.base.ends_with('/')) {
        service.base.pop_back();
    }
    if (service.base.find('?') != std::string::npos) {
        return wrong("AWS_EC2_METADATA_SERVICE_ENDPOINT must not have a query");
    }
    if (const auto seconds = env("AWS_METADATA_SERVICE_TIMEOUT")) {
        unsigned n = 0;
        const auto [end, ec] = std::from_chars(seconds->data(), seconds->data() + seconds->size(), n);
        if (ec != std::errc() || end != seconds->data() + seconds->size() || n == 0 || n > 60) {
            return wrong("AWS_METADATA_SERVICE_TIMEOUT must be 1 to 60 seconds");
        }
        service.timeout = std::chrono::seconds(n);
    }
    service.name = std::string(metadata_name) + ", " + service.place.authority();
    return service;
}

error by_answer(const metadata_service& service, std::string_view step, const reply& answer) {
    return refused(service.name, std::string(step) + ": status " + std::to_string(answer.status),
                   by_status(answer.status));
}

/// A session's token (EC2 user guide, "Use the Instance Metadata Service to access instance metadata"). IMDSv1, which
/// gives keys to any request that reaches it, is not spoken.
awaitable<result<secret>> get_token(caller& by, const metadata_service& service) {
    call ask = service.ask("/latest/api/token");
    ask.method = "PUT";
    ask.fields.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", secret(token_life));
    const auto answer = co_await by.send(ask);
    if (!answer) {
        error e = unanswered(service.name, answer.error());
        e.detail += " (not on EC2? in a container the instance's hop limit must be 2 at least)";
        co_return e;
    }
    if (answer->status == 404 || answer->status == 405) {
        co_return refused(service.name, "it does not speak IMDSv2", mended_by::operator_alone);
    }
    if (answer->status == 403) {
        co_return refused(service.name, "it is switched off for this instance", mended_by::operator_alone);
    }
    if (answer->status != 200) {
        co_return by_answer(service, "session token", *answer);
    }
    const auto token = trimmed(answer->body.reveal());
    if (!is_access_token(token)) {
        co_return refused(service.name, "the session token is none", mended_by::trying_again);
    }
    co_return secret(token);
}

/// `[\w+=,.@-]`, as IAM names roles.
bool is_role_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_+=,.@-").find(c) != std::string_view::npos;
    });
}

/// What lies at `path`. 401 is nullopt: the token is not known any more.
awaitable<result<std::optional<secret>>> get(caller& by, const metadata_service& service, std::string_view path,
                                             const secret& token, std::string_view step) {
    call ask = service.ask(path);
    ask.fields.emplace_back("X-aws-ec2-metadata-token", token);
    const auto answer = co_await by.send(ask);
    if (!answer) {
        co_return unanswered(service.name, answer.error());
    }
    if (answer->status == 401) {
        co_return std::optional<secret>();
    }
    if (answer->status == 404) {
        co_return refused(service.name, "the instance has no role", mended_by::operator_alone);
    }
    if (answer->status != 200) {
        co_return by_answer(service, step, *answer);
    }
    co_return std::optional(answer->body);
}

/// Role and keys in one session; nullopt where its token was refused.
awaitable<result<std::optional<aws_credentials>>> ask_in_session(caller& by, const metadata_service& service,
                                                                 const wall_clock& clock) {
    const auto token = co_await get_token(by, service);
    if (!token) {
        co_return token.error();
    }
    const auto role = co_await get(by, service, roles_path, *token, "role");
    if (!role) {
        co_return role.error();
    }
    if (!*role) {
        co_return std::optional<aws_credentials>();
    }
    const auto listed = trimmed((*role)->reveal());
    const auto name = trimmed(listed.substr(0, listed.find('\n')));
    if (!is_role_name(name)) {
        co_return refused(service.name, name.empty() ? "the instance has no role" : "the role's name is none",
                          mended_by::trying_again);
    }
    const std::string path = std::string(roles_path) + std::string(name);
    const auto keys = co_await get(by, service, path, *token, "credentials");
    if (!keys) {
        co_return keys.error();
    }
    if (!*keys) {
        co_return std::optional<aws_credentials>();
    }
    auto made = read_json_credentials(service.name, **keys, clock(), {token->reveal()});
    if (!made) {
        co_return made.error();
    }
    co_return std::optional(std::move(*made));
}

/// botocore's InstanceMetadataFetcher._evaluate_expiration: 15 minutes and 2 to 10 more. It stretches whatever ends
/// within that time; here only what is at its end, since keys are renewed well before, and a signed URL must not claim
/// more than it has.
/// False while those of before are good still: what is stretched must not take their place.
bool stretch(aws_credentials& keys, time_point now, time_point& good_until) {
    if (!keys.expires || *keys.expires > now + std::chrono::seconds(1)) {
        good_until = keys.expires.value_or(time_point::max());
        return true;
    }
    if (good_until > now) {
        return false;
    }
    thread_local std::minstd_rand generator{std::random_device{}()};
    const std::chrono::seconds more(std::uniform_int_distribution<int>(120, 600)(generator));
    const auto said = format_rfc3339(*keys.expires);
    keys.expires = now + std::chrono::minutes(15) + more;
    log::warn("instance metadata gives expired credentials; they are used all the same",
              {{"expired", said}, {"until", format_rfc3339(*keys.expires)}});
    return true;
}

} // namespace

bool has_metadata(const environment& env) {
    return !is_true(env, "AWS_EC2_METADATA_DISABLED");
}

awaitable<result<aws_credentials>> ask_metadata(caller& by, const environment& env, const wall_clock& clock,
                                                time_point& good_until) {
    const auto service = service_of(env);
    if (!service) {
        co_return service.error();
    }
    for (int session = 0; session != 2; ++session) { // a token may be forgotten; a second one should not be
        auto keys = co_await ask_in_session(by, *service, clock);
        if (!keys) {
            co_return keys.error();
        }
        if (*keys) {
            if (!stretch(**keys, clock(), good_until)) {
                co_return refused(service->name, "gives expired credentials", mended_by::trying_again);
            }
            co_return std::move(**keys);
        }
    }
    co_return refused(service->name, "its own session token is refused with 401", mended_by::trying_again);
}

} // namespace sluice::identity::aws
