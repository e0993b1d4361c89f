#include "parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::identity {

error aws::invalid_setting(std::string_view service, std::string_view why) {
    return no_credentials(service, why, retryable::no, error_source::internal);
}

namespace {

using namespace aws;

class aws_chain final : public source<aws_credentials> {
public:
    aws_chain(environment env, wall_clock clock, aws_defaults defaults)
        : env_(std::move(env))
        , clock_(std::move(clock))
        , defaults_(std::move(defaults)) {}

    [[nodiscard]] std::string name() const override { return std::string(asked_); }

    awaitable<result<aws_credentials>> fetch(http_client& client) override {
        asked_ = environment_name;
        auto keys = keys_of_environment(env_);
        if (!keys) {
            co_return keys.error();
        }
        if (*keys) {
            co_return std::move(**keys);
        }
        asked_ = files_name;
        auto configured = configured_identity();
        if (!configured) {
            co_return configured.error();
        }
        const auto now = clock_();
        if (configured->keys) {
            files_win_until_ = time_point::max();
            cached_.reset();
            configured->keys->refresh_at = now + files_reread_interval;
            co_return std::move(*configured->keys);
        }
        // Files are rotated by hand or by other programs, which do not say when. While they are being rewritten no
        // other identity takes their place; the environment of a process, in contrast, does not change.
        if (files_win_until_ && !configured->role) {
            files_win_until_ = std::min(*files_win_until_, now + files_reread_interval);
            if (now < *files_win_until_) {
                co_return no_credentials(files_name, "the profile no longer has keys", retryable::yes,
                                         error_source::internal);
            }
        }
        if (!files_win_until_) {
            auto got = co_await fetch_from_services(client, std::move(configured->role));
            co_return got;
        }
        auto got = co_await fetch_beside_files(client, std::move(configured->role), now);
        co_return got;
    }

private:
    /// Credentials of a service, used while files that once had keys no longer do.
    struct cached_credentials {
        aws_credentials credentials;
        std::optional<web_identity> role; ///< of the profile
        std::string_view from;            ///< the link's name
        time_point due;                   ///< when to ask the service again
    };

    /// What the profile configures; neither keys nor a role where there is no profile.
    [[nodiscard]] result<profile_identity> configured_identity() const {
        const auto settings = read_profile(env_);
        if (!settings) {
            return settings.error();
        }
        return *settings ? identity_of_profile(**settings) : profile_identity();
    }

    /// As `fetch_from_services`, but keys may come back into the files: those are read every minute, while the services
    /// are asked only when their credentials are due.
    awaitable<result<aws_credentials>> fetch_beside_files(http_client& client, std::optional<web_identity> role,
                                                          time_point now) {
        if (!cached_ || cached_->role != role || now >= cached_->due) {
            cached_.reset();
            auto got = co_await fetch_from_services(client, role);
            if (!got) {
                co_return got;
            }
            const auto due = got->expires ? now + (*got->expires - now) / 2 : time_point::max();
            cached_ = cached_credentials{std::move(*got), role, asked_, due};
        }
        asked_ = cached_->from;
        aws_credentials again = cached_->credentials;
        again.refresh_at = now + files_reread_interval;
        co_return again;
    }

    /// The links that send requests.
    awaitable<result<aws_credentials>> fetch_from_services(http_client& client, std::optional<web_identity> role) {
        if (!role) {
            auto named = role_of_environment(env_);
            if (!named) {
                asked_ = web_identity_name;
                co_return named.error();
            }
            role = std::move(*named);
        }
        if (role) {
            asked_ = web_identity_name;
            role->region = region_of(*role);
            role->fips = defaults_.fips;
            auto got = co_await assume_role(client, env_, *role, clock_);
            co_return got;
        }
        if (has_container(env_)) {
            asked_ = container_name;
            auto got = co_await ask_container(client, env_, clock_);
            co_return got;
        }
        asked_ = metadata_name;
        if (!has_metadata(env_)) {
            asked_ = chain_name;
            co_return no_credentials(chain_name,
                                     "no credentials in the environment or in a profile, no web identity, no container "
                                     "credentials, and AWS_EC2_METADATA_DISABLED is set",
                                     retryable::no, error_source::internal);
        }
        auto got = co_await ask_metadata(client, env_, clock_, metadata_good_until_);
        co_return got;
    }

    /// EKS sets AWS_REGION beside the token. The store's region comes last: it need not be one of AWS (R2's `auto`).
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
    static constexpr std::chrono::minutes files_reread_interval{1};

    environment env_;
    wall_clock clock_;
    aws_defaults defaults_;
    std::string_view asked_{chain_name};
    std::optional<time_point> files_win_until_{}; ///< set once the files gave keys: until then no service is asked
    std::optional<cached_credentials> cached_{};
    time_point metadata_good_until_{}; ///< the expiry of the last keys of IMDS that had not expired
};

} // namespace

std::unique_ptr<source<aws_credentials>> aws_default_chain(const environment& env, wall_clock clock,
                                                           aws_defaults defaults) {
    return std::make_unique<aws_chain>(env, std::move(clock), std::move(defaults));
}

} // namespace sluice::identity
