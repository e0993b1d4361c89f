#pragma once

#include <sluice/sign/canonical.hpp>
#include <sluice/sign/crypto.hpp>

#include <span>
#include <string>
#include <string_view>

/// Shared access signatures of Azure Blob Storage: pure, given the time. Sources: learn.microsoft.com, "Create a
/// service SAS" and "Create a user delegation SAS", each with the string to sign of every version.
namespace sluice::sign {

/// How a user delegation SAS identifies the key that signed it. All views.
struct azure_delegation {
    std::string_view oid;
    std::string_view tid;
    std::string_view start;
    std::string_view expiry;
    std::string_view service;
    std::string_view version;
    std::string_view authorized_oid{};   ///< saoid
    std::string_view unauthorized_oid{}; ///< suoid
    std::string_view correlation_id{};   ///< scid
    std::string_view delegated_tid{};    ///< skdutid, since 2025-07-05
    std::string_view delegated_oid{};    ///< sduoid, since 2025-07-05
};

/// The fields of a SAS, decoded; "" is not sent and an empty line of the string to sign. All views must live until the
/// calls return. Sluice only makes SAS for reading one blob; the other fields are here so that the layouts can be
/// tested against those of other implementations.
struct azure_sas {
    std::string_view version; ///< sv: chooses the layout
    std::string_view permissions{"r"};
    std::string_view start{};
    std::string_view expiry{};
    std::string_view canonical_resource; ///< `/blob/<account>/<container>/<blob>`, decoded
    std::string_view identifier{};       ///< si; service SAS only
    std::string_view ip{};
    std::string_view protocol{}; ///< spr: "https" or "https,http"
    std::string_view resource{"b"};
    std::string_view snapshot{}; ///< or the version id; it stands in the resource's own query
    std::string_view encryption_scope{};
    std::string_view cache_control{};
    std::string_view content_disposition{};
    std::string_view content_encoding{};
    std::string_view content_language{};
    std::string_view content_type{};
    const azure_delegation* delegation{nullptr}; ///< nullptr: a service SAS, signed with the account's key
    std::span<const field_view> headers{};       ///< srh, since 2026-04-06; user delegation only
    std::span<const field_view> query{};         ///< srq, likewise
};

/// The text that is signed, for service SAS since 2015-04-05 and user delegation SAS since 2018-11-09.
[[nodiscard]] std::string azure_string_to_sign(const azure_sas& sas);

/// The query that carries the SAS, encoded, the signature last.
[[nodiscard]] std::string azure_sas_query(const azure_sas& sas, std::string_view signature);

/// Both, with the signature in between: `sig` = base64(HMAC-SHA256(key, string to sign)).
[[nodiscard]] std::string azure_signed_query(const azure_sas& sas, const hmac_key& key);

} // namespace sluice::sign
