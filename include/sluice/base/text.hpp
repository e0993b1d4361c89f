#pragma once

#include <sluice/base/error.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What every folder does with text: ASCII letters without a locale, hexadecimal, percent-encoding, UTF-8. Pure.
namespace sluice {

/// An ASCII digit.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// `c` in lower case where it is an ASCII letter, else as it is.
[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// An ASCII letter or digit.
[[nodiscard]] constexpr bool is_alnum(char c) noexcept {
    return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/// `text` with its ASCII letters in lower case.
[[nodiscard]] std::string to_lower(std::string_view text);

/// `text` without spaces, tabs and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// The value of a hexadecimal digit of either case, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) {
        return c - '0';
    }
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Appends `n` in decimal.
void append_number(std::string& out, std::uint64_t n);

/// `host:port`; an IPv6 address stands in brackets (RFC 3986 §3.2.2). `host` has none.
[[nodiscard]] std::string host_and_port(std::string_view host, std::uint16_t port);

/// Two lower-case hexadecimal digits a byte.
[[nodiscard]] std::string hex(std::span<const std::uint8_t> bytes);
/// The same, appended to `out`.
void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

/// `bytes` random bytes of OpenSSL's generator as `hex`. Throws `std::runtime_error` where it has none.
[[nodiscard]] std::string random_hex(std::size_t bytes);

/// What `percent_encode` does with "/".
enum class slash : std::uint8_t { keep, encode };

/// Every byte but the unreserved `A-Za-z0-9-._~` (RFC 3986 §2.3) becomes `%XX` with upper-case digits.
[[nodiscard]] std::string percent_encode(std::string_view bytes, slash policy);
/// The same, appended to `out`.
void append_percent_encoded(std::string& out, std::string_view bytes, slash policy);

/// The byte that the `%XX` at `text[at]` stands for (RFC 3986 §2.1), or -1 where two hexadecimal digits do not follow.
/// `at` is less than the size of `text`, and `text[at]` is the percent sign.
[[nodiscard]] int percent_escape_at(std::string_view text, std::size_t at) noexcept;

/// Decodes `%XX` once; `+` stays. The result may hold any byte.
/// Error: `errc::bad_request` (source client) for `%` without two hex digits.
[[nodiscard]] result<std::string> percent_decode(std::string_view text);

/// Checks UTF-8 (RFC 3629) byte by byte, without a buffer.
class utf8_validator {
public:
    /// False where `byte` cannot follow what came before: an overlong form, a surrogate, or above U+10FFFF. Then not to
    /// be used again.
    [[nodiscard]] bool feed(unsigned char byte) noexcept { return (missing_ == 0 && byte < 0x80) || feed_other(byte); }
    /// No character has begun and not ended.
    [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }
    /// A C1 control character (U+0080 to U+009F) was among it.
    [[nodiscard]] bool saw_control() const noexcept { return saw_control_; }

private:
    bool feed_other(unsigned char byte) noexcept;

    int missing_{0};           ///< continuation bytes of the character that has begun
    unsigned char low_{0x80};  ///< the least that the next of them may be
    unsigned char high_{0xbf}; ///< and the greatest
    bool c1_{false};           ///< the character began with C2: it is a C1 control if its second byte is below A0
    bool saw_control_{false};
};

/// True where `text` is UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The bytes of the character that `text` begins with, 1 to 4; 0 where there is none, or none of UTF-8 (RFC 3629).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// The first `max` bytes of `text` at most: no character of UTF-8 is cut in two. What is no UTF-8 is cut anywhere.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max) noexcept;

} // namespace sluice
