#include <sluice/identity/credential_text.hpp>

#include <algorithm>

namespace sluice::identity {

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_printable_ascii(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_access_token(std::string_view text) noexcept {
    return is_printable_ascii(text) && text.size() <= 16384 && text.find(' ') == std::string_view::npos;
}

} // namespace sluice::identity
