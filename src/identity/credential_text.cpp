#include <sluice/identity/credential_text.hpp>

#include <algorithm>

namespace sluice::identity {

bool is_printable_ascii(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_access_token(std::string_view text) noexcept {
    return is_printable_ascii(text) && text.size() <= 16384 && text.find(' ') == std::string_view::npos;
}

} // namespace sluice::identity
