#pragma once

#include <sluice/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values at a few JSON pointers of the app's response, read as a stream. Pure.
namespace sluice::authorize {

/// Reads one JSON text (RFC 8259) piece by piece and keeps the strings and numbers at given JSON pointers (RFC 6901),
/// nothing else.
///
/// Only a value at its pointer's exact place counts, never one of the same name elsewhere: the rest of the response may
/// be text that some user wrote. `feed` each piece, then `finish`; what `kind_of` and `value` return holds only after
/// `finish` succeeded. After an error every later call fails with the same one.
///
/// Errors (source app): `errc::too_large` for more than `cap` bytes and for a wanted string above 16 KiB;
/// `errc::protocol_error` for what is no JSON or no UTF-8, for bytes after its end, for a text that ends early or is
/// nested more than 64 deep, and for an object that has a wanted key, or a key on the way to one, twice: two readers
/// could take two different values.
class json_pointer_reader {
public:
    /// What is at a pointer.
    enum class kind : std::uint8_t { absent, null, string, number, other };

    /// In bytes of the whole text: what no pointer leads to is dropped as it comes, and takes no memory.
    static constexpr std::size_t default_cap = 256UL * 1024 * 1024;

    /// Each pointer begins with `/` (config::parse_json_pointer accepted it) or is "", which finds nothing.
    explicit json_pointer_reader(const std::vector<std::string>& pointers, std::size_t cap = default_cap);
    ~json_pointer_reader();
    json_pointer_reader(json_pointer_reader&&) noexcept;
    json_pointer_reader& operator=(json_pointer_reader&&) noexcept;

    /// Reads the next piece.
    [[nodiscard]] result<void> feed(std::string_view piece);
    /// The text has ended.
    [[nodiscard]] result<void> finish();

    /// `i` counts the pointers as they were given. Values are decoded UTF-8, and may hold any character, NUL too.
    [[nodiscard]] kind kind_of(std::size_t i) const noexcept;
    /// The string, or nullopt where the kind is another. Lives as long as the reader.
    [[nodiscard]] const std::optional<std::string>& value(std::size_t i) const noexcept;
    /// The string, or the number as it stands in the text (64 bytes at most; a longer one is of kind `other`).
    [[nodiscard]] const std::optional<std::string>& text(std::size_t i) const noexcept;

private:
    class machine;
    std::unique_ptr<machine> machine_;
};

} // namespace sluice::authorize
