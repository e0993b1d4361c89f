#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/signer.hpp>

#include <ostream>
#include <string>

namespace sluice::commands {

/// What `sluice sign` was asked for.
struct sign_request {
    std::string
        uri; ///< as the app names objects: `s3://bucket/key`, `gs://bucket/key`, `https://ENDPOINT/container/key`
    sign::method method{sign::method::get};
    sign::presign_options options{};
};

/// Prints the signed URL of an object of one of the configured stores to `out`, and nothing else. Fetches credentials
/// first, where the store has none of its own. Blocks until that is done, bounded by the time-outs.
/// Returns the exit status: 0, or 1 with one line on `err`, which holds no secret.
[[nodiscard]] int sign_url(const config::config& settings, const sign_request& what, std::ostream& out,
                           std::ostream& err);

} // namespace sluice::commands
