#include <sluice/http/chunk.hpp>

#include <array>
#include <charconv>

namespace sluice::http {

void append_chunk_header(std::string& out, std::size_t size) {
    std::array<char, 2 * sizeof(size)> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    out.append(digits.data(), end).append(crlf);
}

} // namespace sluice::http
