#include <sluice/base/base64.hpp>
#include <sluice/base/text.hpp>

#include <openssl/evp.h>

#include <algorithm>

namespace sluice {

namespace {

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL adds a NUL
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::string base64_url_encode(std::string_view bytes) {
    std::string text = base64_encode(bytes);
    for (char& c : text) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::optional<secret> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    wiped_text whole(std::string(text.size() / 4 * 3, '\0'));
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(whole.text.data()), octets(text),
                                       static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    // OpenSSL counts padding as zero bytes and skips white space around the text, so encoding the result again is the
    // check.
    const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
    if (static_cast<std::size_t>(length) < padding) {
        return std::nullopt;
    }
    const auto bytes = std::string_view(whole.text).substr(0, static_cast<std::size_t>(length) - padding);
    const wiped_text again(base64_encode(bytes));
    if (again.text != text) {
        return std::nullopt;
    }
    return secret(bytes);
}

bool is_base64(std::string_view text) noexcept {
    const auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    return !text.empty() && text.size() % 4 == 0 && padding <= 2 &&
           std::ranges::all_of(text.substr(0, text.size() - padding),
                               [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
}

} // namespace sluice
