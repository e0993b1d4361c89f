#include <sluice/identity/chains.hpp>
#include <sluice/identity/google_sources.hpp>

#include <utility>

namespace sluice::identity {

// The scope of each: a key of one's own signs URLs itself, so its tokens need only read. Any other identity must also
// be able to ask IAM Credentials for a signature, for redirects; what it may do is a matter of IAM, as Google advises
// ("Access scopes": cloud-platform, and IAM roles to limit it).
std::unique_ptr<source<bearer_token>> google_default_chain(const environment& env, wall_clock clock,
                                                           const secret& file) {
    const auto json = file.empty() ? find_google_file(env) : std::optional(file);
    if (!json) {
        return google_metadata_source(env, std::move(clock));
    }
    auto parsed = parse_google_file(*json);
    const bool has_key = std::holds_alternative<google_service_account>(parsed.who) && !parsed.as;
    return google_file_source(std::move(parsed), std::move(clock), has_key ? google_read_scope : google_cloud_scope);
}

} // namespace sluice::identity
