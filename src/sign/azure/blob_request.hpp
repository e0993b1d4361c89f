#pragma once

#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/azure/sas.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/signer.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// The requests that both signers of Azure make.
namespace sluice::sign::azure {

/// An `errc::sign_failed` that no other attempt can help.
[[nodiscard]] error failed(std::string detail);

/// A request for `blob` at its plain URL. Errors: as `azure_path`.
[[nodiscard]] result<signed_request> plain_request(const azure_address& address, std::string_view blob);

/// What a SAS is made of besides the blob and the options of the URL. Views that must live until the call returns.
struct sas_terms {
    std::chrono::seconds default_life;           ///< where the options name none
    std::chrono::system_clock::time_point from;  ///< now, or the time that the options name
    std::chrono::system_clock::time_point limit; ///< the SAS ends by then
    const azure_delegation* delegation{nullptr}; ///< nullptr: a service SAS
    const hmac_key* key{nullptr};
};

/// A request with a SAS for reading `blob`. Errors: as `azure_path`, and `errc::sign_failed` for a life that is not
/// from 1 s to `max_sas_lifetime`.
[[nodiscard]] result<signed_request> sas_request(const azure_address& address, std::string_view blob,
                                                 const presign_options& options, const sas_terms& terms);

} // namespace sluice::sign::azure
