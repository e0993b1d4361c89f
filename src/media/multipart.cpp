#include <sluice/base/text.hpp>
#include <sluice/media/multipart.hpp>
#include <sluice/sign/crypto.hpp>

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace sluice::media {

std::string multipart::part_head(std::size_t i) const {
    std::string head = i == 0 ? "--" : "\r\n--";
    head += boundary;
    if (!type.empty()) {
        head += "\r\nContent-Type: ";
        head += type;
    }
    head += "\r\nContent-Range: ";
    http::append_content_range(head, parts[i], size);
    head += "\r\n\r\n";
    return head;
}

std::string multipart::closing() const {
    return "\r\n--" + boundary + "--\r\n";
}

std::uint64_t multipart::content_length() const {
    std::uint64_t length = closing().size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        length += part_head(i).size() + parts[i].length();
    }
    return length;
}

std::string multipart::content_type() const {
    return "multipart/byteranges; boundary=" + boundary;
}

std::string make_boundary() {
    return random_hex(16);
}

} // namespace sluice::media
