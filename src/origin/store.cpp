#include <sluice/base/log.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/sign/azure/address.hpp>

namespace sluice::origin {

store::store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters)
    : settings_(settings)
    , capabilities_(kind_of(settings).capabilities())
    , signing_(make_signing(settings))
    , identity_(kind_of(settings).identity(settings, signing_.who, signing_.location, identity::process_environment()))
    , uri_prefix_(kind_of(settings).uris(settings).purge)
    , counters_(counters)
    , breaker_(limits.breaker_failures, limits.breaker_open)
    , fetch_timeout_(limits.after) {}

result<void> store::admit() {
    if (!breaker_.allow(steady_clock::now())) {
        return error{errc::breaker_open, error_source::origin, true, breaker_.cause()};
    }
    return {};
}

void store::note_success() {
    if (breaker_.succeeded()) {
        log::info("circuit breaker closed: the store is responding again", {{"store", settings_.name}});
    }
}

void store::note_failure(std::string_view object, const error& why) {
    const auto reason = to_string(why.code);
    std::string cause(reason);
    if (!why.detail.empty()) {
        cause.append(": ").append(why.detail);
    }
    const bool was_reached =
        why.code != errc::connect_failed && why.code != errc::resolve_failed && why.code != errc::tls_failed;
    if (breaker_.failed(was_reached ? object : std::string_view(), steady_clock::now(), std::move(cause))) {
        log::warn("circuit breaker opened: the store is failing and gets no requests for fallback.breaker.open",
                  {{"store", settings_.name}, {"reason", reason}, {"detail", why.detail}});
    }
}

std::vector<std::shared_ptr<identity::refreshable>> store::refreshables() const {
    auto all = signing_.refreshables;
    all.insert(all.end(), signing_.refreshables_for_urls.begin(), signing_.refreshables_for_urls.end());
    return all;
}

} // namespace sluice::origin
