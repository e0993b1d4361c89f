#pragma once

#include <sluice/base/error.hpp>

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

namespace sluice::origin {

/// What the file system says of a file's content.
struct file_stamp {
    std::uint64_t size{0};
    timespec modified{}; ///< mtime
    timespec changed{};  ///< ctime: changes even where mtime is set back
    std::uint64_t links{0};
};

/// Whether a file may have been written to between two stamps. Where only ctime and the number of links differ, it was
/// not: its name was removed or given to another file, and its bytes are the same.
[[nodiscard]] bool is_written_to(const file_stamp& before, const file_stamp& now) noexcept;

/// An open file of a local store. Closes it when destroyed.
struct local_object {
    /// Takes over an open descriptor.
    explicit local_object(int descriptor) noexcept
        : fd(descriptor) {}
    local_object(const local_object&) = delete;
    local_object& operator=(const local_object&) = delete;
    ~local_object();

    /// Whether the file is unchanged since it was opened, as far as fstat tells. Writes through a mapping, and writes
    /// within one tick of the file system's clock, may go unnoticed.
    [[nodiscard]] bool is_unchanged() const noexcept;

    int fd;
    file_stamp opened; ///< when it was opened
    std::uint64_t size{0};
    std::string etag;          ///< strong: made of inode, size, mtime and ctime
    std::string last_modified; ///< the value of Last-Modified
    std::string content_type;  ///< `type_by_name` of its key
};

/// Opens the regular file `key` beneath `root`: no link and no `..` leads out of it (openat2 with RESOLVE_BENEATH, or,
/// on kernels without it, one part after the other without following links).
///
/// Blocks: for a file pool. Errors: `not_found`, `forbidden`, `disk_error`, of source origin.
[[nodiscard]] result<std::shared_ptr<local_object>> open_local(const std::string& root, const std::string& key);

/// The media type of a file by the extension of its name (http::inert_type_of_name), with text taken as UTF-8.
/// "application/octet-stream" for unknown extensions, and for what a browser would run (pages, scripts, styles, SVG).
[[nodiscard]] std::string type_by_name(std::string_view name);

} // namespace sluice::origin
