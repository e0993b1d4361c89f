#include <sluice/config/address.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/identity/google/sources.hpp>

#include <stdexcept>

namespace sluice::identity {

namespace {

constexpr std::string_view service = "GCE metadata server";

/// "NO_GCE_CHECK=true" leaves nothing to ask.
class no_google_identity final : public source<bearer_token> {
public:
    awaitable<result<bearer_token>> fetch(caller& by) override {
        (void)by;
        co_return error{errc::no_credentials, error_source::internal, false,
                        "there is no Google credentials file, and NO_GCE_CHECK says that there is no metadata server"};
    }
    [[nodiscard]] std::string name() const override { return "no Google identity"; }
};

class metadata_source final : public source<bearer_token> {
public:
    metadata_source(config::url place, wall_clock clock)
        : place_(std::move(place))
        , clock_(std::move(clock)) {}

    awaitable<result<bearer_token>> fetch(caller& by) override {
        const call for_token = ask("token");
        const auto answer = co_await by.send(for_token);
        if (auto stranger = check_flavor(answer)) {
            co_return std::move(*stranger);
        }
        auto token = read_token(service, answer, clock_(), {});
        if (!token) {
            co_return token;
        }
        // Who it is changes as little as the machine. A token is good without it: only signBlob needs to know, and does
        // not wait for the token's end.
        if (email_.empty()) {
            const call for_email = ask("email");
            const auto email = co_await by.send(for_email);
            email_ = read_email(email);
            if (email_.empty() && may_pass(email)) {
                const auto now = clock_();
                token->subject_pending = true;
                token->renew_at = now + renewal_plan::after_failure(++in_vain_, now, token->expires, random_unit());
            }
        }
        token->subject = email_;
        co_return token;
    }

    [[nodiscard]] std::string name() const override { return std::string(service); }

private:
    [[nodiscard]] call ask(std::string_view what) const {
        call out;
        out.place = place_;
        out.target = "/computeMetadata/v1/instance/service-accounts/default/" + std::string(what);
        out.fields.emplace_back("Metadata-Flavor", secret("Google"));
        out.timeout = std::chrono::seconds(3); // as Google's own libraries
        return out;
    }

    // "When you query […] check for the Metadata-Flavor: Google response header": a captive portal has none.
    static std::optional<error> check_flavor(const result<reply>& answer) {
        if (answer && answer->status == 200 && answer->field("Metadata-Flavor") != "Google") {
            return google_nonsense(service, "the answer is not from it: Metadata-Flavor is missing");
        }
        return std::nullopt;
    }

    // Of an answer without a good e-mail: whether the next may have one. A workload may also stand for no account.
    static bool may_pass(const result<reply>& answer) {
        return !answer || answer->status == 408 || answer->status == 429 || answer->status >= 500 ||
               check_flavor(answer).has_value();
    }

    static std::string read_email(const result<reply>& answer) {
        if (!answer || answer->status != 200 || check_flavor(answer)) {
            return {};
        }
        const auto text = trimmed(answer->body.reveal());
        return is_plain_text(text) && text.size() <= 320 && text.find(' ') == std::string_view::npos ? std::string(text)
                                                                                                     : std::string();
    }

    const config::url place_;
    const wall_clock clock_;
    std::string email_;
    unsigned in_vain_{0}; ///< how often that was asked for
};

} // namespace

std::unique_ptr<source<bearer_token>> google_metadata_source(const environment& env, wall_clock clock) {
    if (is_true(env, "NO_GCE_CHECK")) {
        return std::make_unique<no_google_identity>();
    }
    std::string host = "metadata.google.internal";
    std::string variable;
    for (const char* const name : {"GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"}) {
        if (auto set = env(name)) {
            host = std::move(*set);
            variable = name;
            break;
        }
    }
    // Plain http, as it has nothing else: the machine's own network.
    auto place = config::parse_url("http://" + host);
    if (!place) {
        throw std::invalid_argument(variable + " is no host[:port]");
    }
    return std::make_unique<metadata_source>(std::move(*place), std::move(clock));
}

} // namespace sluice::identity
