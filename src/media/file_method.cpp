#include <sluice/media/file_method.hpp>

namespace sluice::media {

file_method file_method_for(bool has_body, bool is_encoded, std::uint64_t body_size, bool copy) noexcept {
    if (!has_body) {
        return file_method::none;
    }
    if (is_encoded) {
        return file_method::encoded;
    }
    if (body_size <= file_end_size) {
        return file_method::at_once;
    }
    return copy ? file_method::copied : file_method::by_sendfile;
}

} // namespace sluice::media
