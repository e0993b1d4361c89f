#include <sluice/base/text.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace sluice {

namespace {

constexpr auto unreserved = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0; c < table.size(); ++c) {
        table[c] = is_alnum(static_cast<char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
    }
    return table;
}();

} // namespace

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), ascii_lower);
    return lower;
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
    out.append(text.data(), end);
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
    const bool brackets = host.find(':') != std::string_view::npos;
    return std::string(brackets ? "[" : "").append(host).append(brackets ? "]:" : ":").append(std::to_string(port));
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::size_t at = out.size();
    out.resize(at + 2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        out[at++] = digits[byte >> 4U];
        out[at++] = digits[byte & 15U];
    }
}

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    append_hex(text, bytes);
    return text;
}

std::string random_hex(std::size_t bytes) {
    std::vector<std::uint8_t> drawn(bytes);
    if (RAND_bytes(drawn.data(), static_cast<int>(drawn.size())) != 1) {
        throw std::runtime_error("OpenSSL's random generator failed");
    }
    return hex(drawn);
}

void append_percent_encoded(std::string& out, std::string_view bytes, slash policy) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto plain = [policy](char c) {
        return unreserved[static_cast<std::uint8_t>(c)] || (c == '/' && policy == slash::keep);
    };
    for (auto at = bytes.begin(); at != bytes.end(); ++at) {
        const auto run = std::find_if_not(at, bytes.end(), plain);
        out.append(at, run);
        at = run;
        if (at == bytes.end()) {
            break;
        }
        const auto byte = static_cast<std::uint8_t>(*at);
        const std::array<char, 3> escaped{'%', digits[byte >> 4U], digits[byte & 15U]};
        out.append(escaped.data(), escaped.size());
    }
}

std::string percent_encode(std::string_view bytes, slash policy) {
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 2);
    append_percent_encoded(text, bytes, policy);
    return text;
}

int percent_escape_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3) {
        return -1;
    }
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int decoded = percent_escape_at(text, i);
        if (decoded < 0) {
            return error{errc::bad_request, error_source::client, false, "malformed percent-encoding"};
        }
        out += static_cast<char>(decoded);
        i += 2;
    }
    return out;
}

bool utf8_validator::feed_other(unsigned char byte) noexcept {
    if (missing_ > 0) {
        if (byte < low_ || byte > high_) {
            return false;
        }
        saw_control_ = saw_control_ || (c1_ && byte < 0xa0);
        c1_ = false;
        low_ = 0x80;
        high_ = 0xbf;
        --missing_;
        return true;
    }
    if (byte >= 0xc2 && byte <= 0xdf) {
        missing_ = 1;
        c1_ = byte == 0xc2;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        missing_ = 2;
        low_ = byte == 0xe0 ? 0xa0 : 0x80;  // else overlong
        high_ = byte == 0xed ? 0x9f : 0xbf; // else a surrogate
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        missing_ = 3;
        low_ = byte == 0xf0 ? 0x90 : 0x80;  // else overlong
        high_ = byte == 0xf4 ? 0x8f : 0xbf; // else above U+10FFFF
    } else {
        return false;
    }
    return true;
}

bool is_utf8(std::string_view text) noexcept {
    utf8_validator check;
    for (const char c : text) {
        if (!check.feed(static_cast<unsigned char>(c))) {
            return false;
        }
    }
    return check.complete();
}

std::size_t utf8_length(std::string_view text) noexcept {
    constexpr std::size_t longest = 4;
    utf8_validator check;
    for (std::size_t i = 0; i < std::min(text.size(), longest); ++i) {
        if (!check.feed(static_cast<unsigned char>(text[i]))) {
            return 0;
        }
        if (check.complete()) {
            return i + 1;
        }
    }
    return 0;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max) noexcept {
    if (text.size() <= max) {
        return text;
    }
    const auto continues = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80; };
    std::size_t end = max;
    while (end > 0 && max - end < 3 && continues(end)) {
        --end;
    }
    return text.substr(0, continues(end) ? max : end);
}

} // namespace sluice
