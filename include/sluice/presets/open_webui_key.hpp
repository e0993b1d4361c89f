#pragma once

#include <optional>
#include <string_view>

namespace sluice::presets {

/// The key that Open WebUI makes of a file's `path` when it reads it from a store of this kind (its `type`), unchecked.
/// Pure.
///
/// As in its `storage/provider.py`, bucket, prefix, endpoint and directory in the path are ignored: the object is in
/// the store that is configured now, so that rows from before a move still work.
/// - S3: all after the first slash behind the bucket, whatever the scheme; a double slash in it is part of the key (the
///   app would cut there, and find nothing that it stored).
/// - GCS: the segment behind the bucket. The app would cut a path with more; nullopt.
/// - Azure: the last segment.
/// - local: the last segment of an absolute path.
///
/// Nullopt where it makes none of it, and for kinds that the app does not have. The view is into `path`.
[[nodiscard]] std::optional<std::string_view> open_webui_key(std::string_view kind, std::string_view path) noexcept;

} // namespace sluice::presets
