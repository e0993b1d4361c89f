#include <sluice/base/secret.hpp>

#include <openssl/crypto.h>

namespace sluice {

secret::secret(std::string_view text)
    : text_(text) {}

secret::secret(const secret& other) = default;

secret::secret(secret&& other) noexcept
    : text_(other.text_) {
    // A moved-from std::string may keep its short-string bytes: copy, then wipe the source.
    other.wipe();
}

secret& secret::operator=(const secret& other) {
    if (this != &other) {
        wipe();
        text_ = other.text_;
    }
    return *this;
}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = other.text_;
        other.wipe();
    }
    return *this;
}

secret::~secret() {
    wipe();
}

void secret::wipe() noexcept {
    OPENSSL_cleanse(text_.data(), text_.size());
    text_.clear();
}

} // namespace sluice
