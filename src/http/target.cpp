#include <sluice/http/fields.hpp>
#include <sluice/http/target.hpp>

#include <array>

namespace sluice::http {
namespace {

/// The value of a hex digit, or -1.
int hex_value(char c) noexcept {
    if (is_digit(c))
        return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The byte that `%XX` at `at` stands for, or -1.
int escape_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3)
        return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Tells byte by byte whether what was fed is UTF-8, without a buffer.
class utf8_check {
public:
    bool feed(unsigned char byte) noexcept {
        if (missing_ == 0) {
            low_ = 0x80;
            high_ = 0xbf;
            if (byte < 0x80)
                return true;
            if (byte >= 0xc2 && byte <= 0xdf) {
                missing_ = 1;
                if (byte == 0xc2)
                    c1_ = true;
            } else if (byte >= 0xe0 && byte <= 0xef) {
                missing_ = 2;
                if (byte == 0xe0)
                    low_ = 0xa0; // else overlong
                if (byte == 0xed)
                    high_ = 0x9f; // else a surrogate
            } else if (byte >= 0xf0 && byte <= 0xf4) {
                missing_ = 3;
                if (byte == 0xf0)
                    low_ = 0x90; // else overlong
                if (byte == 0xf4)
                    high_ = 0x8f; // else above U+10FFFF
            } else {
                return false;
            }
            return true;
        }
        if (byte < low_ || byte > high_)
            return false;
        if (c1_ && byte < 0xa0)
            saw_control_ = true;
        c1_ = false;
        low_ = 0x80;
        high_ = 0xbf;
        --missing_;
        return true;
    }
    [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }
    /// A C1 control character (U+0080 to U+009F) was among it.
    [[nodiscard]] bool saw_control() const noexcept { return saw_control_; }

private:
    int missing_{0};
    unsigned char low_{0x80};
    unsigned char high_{0xbf};
    bool c1_{false};
    bool saw_control_{false};
};

} // namespace

target_parts split_target(std::string_view target) noexcept {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos)
        return {target, {}, false};
    return {target.substr(0, mark), target.substr(mark + 1), true};
}

bool is_media_safe_path(std::string_view raw_path) noexcept {
    if (!raw_path.starts_with('/'))
        return false;
    utf8_check utf8;
    std::size_t length = 0; // of the segment in hand, decoded
    std::size_t dots = 0;   // in it
    const auto is_dot_segment = [&] { return dots == length && (dots == 1 || dots == 2); };
    for (std::size_t i = 1; i < raw_path.size(); ++i) {
        auto byte = static_cast<unsigned char>(raw_path[i]);
        if (byte == '/') {
            if (length == 0 || is_dot_segment() || !utf8.complete())
                return false;
            length = dots = 0;
            continue;
        }
        if (byte <= 0x20 || byte >= 0x7f || byte == '?' || byte == '#')
            return false;
        if (byte == '%') {
            const int decoded = escape_at(raw_path, i);
            if (decoded < 0 || decoded == '/')
                return false;
            byte = static_cast<unsigned char>(decoded);
            i += 2;
        }
        if (byte == '\\' || byte == ';' || byte < 0x20 || byte == 0x7f || !utf8.feed(byte))
            return false;
        ++length;
        if (byte == '.')
            ++dots;
    }
    return !is_dot_segment() && utf8.complete() && !utf8.saw_control();
}

result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int decoded = escape_at(text, i);
        if (decoded < 0)
            return error{errc::bad_request, error_source::client, false, "malformed percent-encoding"};
        out += static_cast<char>(decoded);
        i += 2;
    }
    return out;
}

std::string percent_encode_path_segment(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const char lower = ascii_lower(c);
        if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
            continue;
        }
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15U];
    }
    return out;
}

bool is_utf8(std::string_view text) noexcept {
    utf8_check check;
    for (const char c : text)
        if (!check.feed(static_cast<unsigned char>(c)))
            return false;
    return check.complete();
}

} // namespace sluice::http
