#pragma once

#include <sluice/base/error.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::origin {

/// An open file of a local store; closed at its end.
struct local_object {
    explicit local_object(int descriptor) noexcept
        : fd(descriptor) {}
    local_object(const local_object&) = delete;
    local_object& operator=(const local_object&) = delete;
    ~local_object();

    int fd;
    std::uint64_t size{0};
    std::string etag;          ///< strong: made of inode, size, mtime and ctime
    std::string last_modified; ///< as the field has it
    std::string content_type;  ///< by the name's ending
};

/// Opens `key` beneath `root` and nowhere else: no link, no `..` and no mount leads out (openat2 with RESOLVE_BENEATH,
/// where the kernel has it; else each part is opened without following links). Regular files alone.
///
/// Blocks: for a file pool. Errors: `not_found`, `forbidden`, `disk_error`, of source origin.
[[nodiscard]] result<std::shared_ptr<local_object>> open_local(const std::string& root, const std::string& key);

/// The media type that goes with a file name's ending; "application/octet-stream" where it is not known.
[[nodiscard]] std::string_view type_by_name(std::string_view name) noexcept;

} // namespace sluice::origin
