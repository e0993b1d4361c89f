#pragma once

#include <sluice/config/config.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Whose objects are cached: what tells objects of the same key in different stores apart. Pure.
namespace sluice::origin {

/// What cached objects of a store that is a bucket belong to: `TYPE|ENDPOINT|keyed or anonymous|OWNER|BUCKET`. Two
/// stores share bytes where all of that is the same, whatever they are called.
///
/// OWNER is `stores.NAME.owner`. Absent, it is "" on the clouds' own endpoints, where a name is one bucket for
/// everybody; on any other, whose accounts may each have a bucket of that name, a SHA-256 of `who`, the access key id,
/// the service account or the storage account that signs; where that is "", `otherwise`, which tells where the
/// credentials come from. So nothing that is renewed or rotated is in it but the key id itself.
[[nodiscard]] std::string bucket_identity(const config::store& s, std::string_view endpoint, std::string_view who,
                                          std::string_view otherwise);

/// The owner in the identity `other`, where that differs from `ours` in its owner alone.
[[nodiscard]] std::optional<std::string_view> other_owner(std::string_view ours, std::string_view other) noexcept;

} // namespace sluice::origin
