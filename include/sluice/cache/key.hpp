#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What an object is, and how it is cut into pages and blocks.
namespace sluice::cache {

/// The unit of presence and of checksums.
inline constexpr std::uint64_t page_size = 64ULL * 1024;
/// The first byte of the page in which `offset` lies.
[[nodiscard]] constexpr std::uint64_t page_begin(std::uint64_t offset) noexcept {
    return offset / page_size * page_size;
}
/// Of an object that can be cached: its blocks are counted in 32 bits.
inline constexpr std::uint64_t max_object_size = UINT32_MAX * page_size;

/// One of a few texts, each held once for the whole process: a million objects have a handful of stores.
class interned {
public:
    interned();
    interned(std::string_view text); // NOLINT(google-explicit-constructor): it is that text
    interned(const std::string& text)
        : interned(std::string_view(text)) {}
    interned(const char* text)
        : interned(std::string_view(text)) {}

    operator const std::string&() const noexcept { return *text_; } // NOLINT(google-explicit-constructor)
    operator std::string_view() const noexcept { return *text_; }   // NOLINT(google-explicit-constructor)
    /// The text's length in bytes.
    [[nodiscard]] std::size_t size() const noexcept { return text_->size(); }
    /// The text's bytes; they live as long as the process.
    [[nodiscard]] const char* data() const noexcept { return text_->data(); }

    /// Compares like the string.
    friend bool operator==(const interned& a, const interned& b) noexcept { return a.text_ == b.text_; }

private:
    const std::string* text_;
};

/// Which object: never which version of it. `store` is the store's identity (type, endpoint, bucket, whose it is), not
/// its name in the config, so that renaming a store loses nothing and pointing it elsewhere serves nothing of the old
/// place.
struct object_key {
    interned store;
    std::string name;

    friend bool operator==(const object_key&, const object_key&) = default;

    /// 32 hex digits of XXH3-128 over both parts, length-prefixed; names the files of the object.
    [[nodiscard]] std::string hash() const;
};

/// For hash tables.
struct object_key_hash {
    std::size_t operator()(const object_key& k) const noexcept;
};

/// What names a version: a strong ETag with its quotes (RFC 9110 §8.8.3), or a generation number (GCS).
enum class validator_kind : std::uint8_t { etag = 1, generation = 2 };

/// The validator of one version.
struct validator {
    validator_kind kind{validator_kind::etag};
    std::string value;

    friend bool operator==(const validator&, const validator&) = default;
};

/// All that is known of one version of an object; never changes while it is cached.
struct object_info {
    object_key key;
    validator version;
    std::uint64_t size{0};
    std::string content_type;  ///< as the store had it; may be ""
    std::string last_modified; ///< the field's text; may be ""
    std::string purge_tags;    ///< the names by which the app purges it, a line each; may be ""
    std::chrono::system_clock::time_point stored;
};

/// Pages and blocks of an object of `size` bytes.
struct page_layout {
    std::uint64_t size{0};
    std::uint64_t block_size{1U << 20U}; ///< a multiple of page_size

    /// How many pages there are, the last one perhaps shorter.
    [[nodiscard]] std::size_t pages() const noexcept {
        return static_cast<std::size_t>((size + page_size - 1) / page_size);
    }
    /// How many blocks there are, the last one perhaps shorter.
    [[nodiscard]] std::size_t blocks() const noexcept {
        return static_cast<std::size_t>((size + block_size - 1) / block_size);
    }
    /// How many pages a block has that is not the last.
    [[nodiscard]] std::size_t pages_per_block() const noexcept {
        return static_cast<std::size_t>(block_size / page_size);
    }
    /// The block in which a page lies.
    [[nodiscard]] std::size_t block_of_page(std::size_t page) const noexcept { return page / pages_per_block(); }
    /// One past the last byte of a page.
    [[nodiscard]] std::uint64_t page_end(std::size_t page) const noexcept {
        const std::uint64_t end = (static_cast<std::uint64_t>(page) + 1) * page_size;
        return end < size ? end : size;
    }
    /// What a page takes on the disk: file systems give 4 KiB units.
    [[nodiscard]] std::uint64_t page_charge(std::size_t page) const noexcept {
        const std::uint64_t bytes = page_end(page) - static_cast<std::uint64_t>(page) * page_size;
        return (bytes + 4095) / 4096 * 4096;
    }
};

} // namespace sluice::cache
