#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/config/config.hpp>

#include <string>
#include <string_view>

namespace sluice::origin {

/// What of an Azure storage connection string a store of blobs needs.
struct azure_connection {
    std::string account;  ///< 3 to 24 lower-case letters and digits
    config::url endpoint; ///< of the blob service; its path holds the account where the endpoint is path style
    secret key;           ///< as it is written, not empty; whether it is base64 is not looked at
};

/// Whether `text` may name a storage account: 3 to 24 lower-case letters and digits (learn.microsoft.com, "Storage
/// account overview").
[[nodiscard]] bool is_azure_account(std::string_view text) noexcept;

/// Reads a connection string (learn.microsoft.com, "Configure Azure Storage connection strings"):
/// `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net`, the same with a
/// `BlobEndpoint`, or `UseDevelopmentStorage=true`, which is the emulator on this machine with its published key.
///
/// Names of settings are taken in any case, as the SDKs do; the endpoints of the other services are passed over.
/// Errors: `errc::bad_config` with a detail that goes behind the name of a configuration key ("has no AccountKey") and
/// quotes nothing: for a setting twice, an unknown one, one without "=", a missing account or key, an endpoint that is
/// no URL, and for a `SharedAccessSignature`, which would have to be renewed by hand.
[[nodiscard]] result<azure_connection> parse_azure_connection_string(std::string_view text);

} // namespace sluice::origin
