#include <sluice/http/fields.hpp>
#include <sluice/media/inline_type.hpp>

#include "object_fields.hpp"

namespace sluice::media {

bool is_inline_type(std::string_view content_type) noexcept {
    // A list would be read by its last member (Fetch §2.2.3 "extract a MIME type"), which is not what is judged here.
    const auto essence = http::trim_ows(content_type.substr(0, content_type.find(';')));
    const auto slash = essence.find('/');
    if (slash == std::string_view::npos || content_type.find(',') != std::string_view::npos ||
        !http::is_token(essence.substr(0, slash)) || !http::is_token(essence.substr(slash + 1))) {
        return false;
    }
    if (http::same_name(essence, "application/pdf") || http::same_name(essence, "text/plain")) {
        return true;
    }
    const auto kind = essence.substr(0, slash);
    return (http::same_name(kind, "image") && !detail::starts_with_type(essence, "image/svg")) ||
           http::same_name(kind, "audio") || http::same_name(kind, "video");
}

} // namespace sluice::media
