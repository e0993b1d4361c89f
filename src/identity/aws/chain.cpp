#include <sluice/identity/credential_file.hpp>

#include "parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::identity {
namespace {

using namespace aws;

error in_profile(std::string_view why) {
    return refused(files_name, why, mended_by::operator_alone, error_source::internal);
}

/// What a profile comes to: keys, a role, or neither.
struct profile_identity {
    std::optional<aws_credentials> keys{};
    std::optional<web_identity> role{};
};

/// The text of a setting; "" where it is absent.
std::string_view text_of(const profile& p, std::string_view name) {
    const auto at = p.find(name);
    return at == p.end() ? std::string_view() : at->second.reveal();
}

/// What a profile may say that other tools know and this one does not, by the setting that tells.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> unsupported{{
    {"source_profile", "role_arn with source_profile"},
    {"credential_source", "role_arn with credential_source"},
    {"credential_process", "credential_process"},
    {"sso_session", "sso_session (IAM Identity Center)"},
    {"sso_start_url", "sso_start_url (IAM Identity Center)"},
    {"login_session", "login_session (console sign-in)"},
}};

result<profile_identity> identity_of(const profile& p) {
    profile_identity out;
    const auto file = text_of(p, "web_identity_token_file");
    const auto role = text_of(p, "role_arn");
    if (!role.empty() && !file.empty()) {
        out.role = web_identity{std::string(file), std::string(role), std::string(text_of(p, "role_session_name")),
                                std::string(text_of(p, "region"))};
        return out;
    }
    if (!role.empty() && text_of(p, "source_profile").empty() && text_of(p, "credential_source").empty()) {
        return in_profile("role_arn without web_identity_token_file");
    }
    if (!file.empty()) {
        return in_profile("web_identity_token_file without role_arn");
    }
    const auto id = text_of(p, "aws_access_key_id");
    const auto key = text_of(p, "aws_secret_access_key");
    if (role.empty() && (!id.empty() || !key.empty())) {
        const auto token = text_of(p, "aws_session_token");
        if (id.empty() || key.empty()) {
            return in_profile("a profile needs both aws_access_key_id and aws_secret_access_key");
        }
        if (!is_plain_text(id) || !is_plain_text(key) || (!token.empty() && !is_plain_text(token))) {
            return in_profile("a key or the session token holds a byte that none has");
        }
        out.keys = aws_credentials{std::string(id), secret(key), secret(token), std::nullopt};
        return out;
    }
    for (const auto& [setting, what] : unsupported) {
        if (!text_of(p, setting).empty()) {
            return in_profile(std::string(what) + " is not supported; use keys, web identity, or the instance's role");
        }
    }
    return out;
}

class aws_chain final : public source<aws_credentials> {
public:
    aws_chain(environment env, wall_clock clock, aws_defaults defaults)
        : env_(std::move(env))
        , clock_(std::move(clock))
        , defaults_(std::move(defaults)) {}

    [[nodiscard]] std::string name() const override { return std::string(asked_); }

    awaitable<result<aws_credentials>> fetch(caller& by) override {
        asked_ = environment_name;
        auto keys = keys_of_environment(env_);
        if (keys) {
            co_return std::move(*keys);
        }
        asked_ = files_name;
        const auto settings = read_profile(env_);
        if (!settings) {
            co_return settings.error();
        }
        profile_identity from_profile;
        if (*settings) {
            auto made = identity_of(**settings);
            if (!made) {
                co_return made.error();
            }
            from_profile = std::move(*made);
        }
        // Files are rotated by hand or by other programs, and say nothing of when. While they are being written anew
        // nobody else's identity is taken; the environment of a process does not change.
        const auto now = clock_();
        if (from_profile.keys) {
            files_alone_until_ = time_point::max();
            held_.reset();
            from_profile.keys->renew_at = now + look_again;
            co_return std::move(*from_profile.keys);
        }
        if (files_alone_until_ && !from_profile.role) {
            files_alone_until_ = std::min(*files_alone_until_, now + look_again);
            if (now < *files_alone_until_) {
                co_return refused(files_name, "the profile has no keys any more", mended_by::trying_again,
                                  error_source::internal);
            }
        }
        if (!files_alone_until_) {
            auto got = co_await fetch_from_services(by, std::move(from_profile.role));
            co_return got;
        }
        // Keys in the files may come back: they are looked at each minute, the services only where theirs are due.
        if (!held_ || held_->role != from_profile.role || now >= held_->due) {
            held_.reset();
            const auto role = from_profile.role;
            auto got = co_await fetch_from_services(by, role);
            if (!got) {
                co_return got;
            }
            const auto due = got->expires ? now + (*got->expires - now) / 2 : time_point::max();
            held_ = held_keys{std::move(*got), role, asked_, due};
        }
        asked_ = held_->from;
        aws_credentials again = held_->keys;
        again.renew_at = now + look_again;
        co_return again;
    }

private:
    /// What a service gave in place of files that had keys.
    struct held_keys {
        aws_credentials keys;
        std::optional<web_identity> role; ///< of the profile
        std::string_view from;            ///< the link's name
        time_point due;
    };

    /// The links that call out.
    awaitable<result<aws_credentials>> fetch_from_services(caller& by, std::optional<web_identity> role) {
        if (!role) {
            auto named = role_of_environment(env_);
            if (named && !*named) {
                asked_ = web_identity_name;
                co_return named->error();
            }
            if (named) {
                role = std::move(**named);
            }
        }
        if (role) {
            asked_ = web_identity_name;
            role->region = region_of(*role);
            role->fips = defaults_.fips;
            auto got = co_await assume_role(by, env_, *role, clock_);
            co_return got;
        }
        if (has_container(env_)) {
            asked_ = container_name;
            auto got = co_await ask_container(by, env_, clock_);
            co_return got;
        }
        asked_ = metadata_name;
        if (!has_metadata(env_)) {
            asked_ = chain_name;
            co_return refused(chain_name,
                              "no credentials in the environment or in a profile, no web identity, no container "
                              "credentials, and AWS_EC2_METADATA_DISABLED is set",
                              mended_by::operator_alone, error_source::internal);
        }
        auto got = co_await ask_metadata(by, env_, clock_, metadata_good_until_);
        co_return got;
    }

    /// EKS sets AWS_REGION beside the token; the store's region may be no region of AWS at all (R2's `auto`).
    [[nodiscard]] std::string region_of(const web_identity& role) const {
        if (auto region = env_("AWS_REGION")) {
            return *region;
        }
        if (auto region = env_("AWS_DEFAULT_REGION")) {
            return *region;
        }
        return role.region.empty() ? defaults_.region : role.region;
    }

    static constexpr std::string_view chain_name = "AWS default chain";
    static constexpr std::chrono::minutes look_again{1}; ///< at the files

    environment env_;
    wall_clock clock_;
    aws_defaults defaults_;
    std::string_view asked_{chain_name};
    std::optional<time_point> files_alone_until_{}; ///< set where the files gave keys once: whether they do still
    std::optional<held_keys> held_{};
    time_point metadata_good_until_{}; ///< what the instance's last keys said that were no older than they said
};

} // namespace

std::unique_ptr<source<aws_credentials>> aws_default_chain(const environment& env, wall_clock clock,
                                                           aws_defaults defaults) {
    return std::make_unique<aws_chain>(env, std::move(clock), std::move(defaults));
}

} // namespace sluice::identity
