#pragma once

#include <sluice/base/error.hpp>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

namespace sluice::origin {

/// What a file's state says of its content.
struct file_stamp {
    std::uint64_t size{0};
    timespec modified{}; ///< mtime
    timespec changed{};  ///< ctime: also moved by whoever sets mtime back
    std::uint64_t links{0};
};

/// Whether a file may have been written to between two looks at it. A ctime that moves with the number of links alone
/// is no writing: the file was replaced by another or taken away, and its bytes are what they were.
[[nodiscard]] bool is_written_to(const file_stamp& before, const file_stamp& now) noexcept;

/// An open file of a local store; closed at its end.
struct local_object {
    explicit local_object(int descriptor) noexcept
        : fd(descriptor) {}
    local_object(const local_object&) = delete;
    local_object& operator=(const local_object&) = delete;
    ~local_object();

    /// Whether it is still what it was when it was opened, as far as the file system tells (fstat). What is written
    /// through a mapping, or within one tick of the clock that dates changes, may not be seen.
    [[nodiscard]] bool is_unchanged() const noexcept;

    int fd;
    file_stamp opened; ///< as it was then
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

/// The media type that goes with a file name's ending (http::media_type_of_name), text as UTF-8;
/// "application/octet-stream" where it is not known, and for what a browser would run (pages, scripts, styles, SVG).
[[nodiscard]] std::string type_by_name(std::string_view name);

} // namespace sluice::origin
