#include <sluice/base/secret.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace sluice {

void wipe(std::string& text) noexcept {
    text.resize(text.capacity()); // a longer text may have been here before; does not allocate
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

secret::secret(std::string_view text)
    : text_(text) {}

secret::secret(const secret& other) = default;

secret::secret(secret&& other) noexcept
    : text_(other.text_) {
    // A moved-from std::string may keep its short-string bytes: copy, then wipe the source.
    wipe(other.text_);
}

secret& secret::operator=(const secret& other) {
    if (this != &other) {
        wipe(text_);
        text_ = other.text_;
    }
    return *this;
}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe(text_);
        text_ = other.text_;
        wipe(other.text_);
    }
    return *this;
}

secret::~secret() {
    wipe(text_);
}

wiped_text::wiped_text(std::string&& from) {
    text.swap(from);
    wipe(from); // a short text leaves a copy there
}

wiped_text::~wiped_text() {
    wipe(text);
}

void wiped_text::reserve(std::size_t size) {
    if (size > text.capacity()) {
        std::string larger;
        larger.reserve(size);
        larger.append(text);
        text.swap(larger);
        wipe(larger);
    }
}

wiped_text& wiped_text::append(std::string_view more) {
    const std::size_t size = text.size() + more.size();
    if (size > text.capacity()) {
        reserve(std::max(size, 2 * text.capacity()));
    }
    text.append(more);
    return *this;
}

} // namespace sluice
