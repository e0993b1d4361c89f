#include <sluice/authorize/purge_tags.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/base/base64.hpp>
#include <sluice/sign/crypto.hpp>

namespace sluice::authorize {

namespace {

/// Half of what all tags of an object may take.
constexpr std::size_t max_plain = 512;
/// Of the digest: 12 characters.
constexpr std::size_t digest_bytes = 9;

} // namespace

std::string subrequest_tag(std::string_view path) {
    const bool is_plain = path.size() <= max_plain && path.find('\n') == std::string_view::npos; // a line each
    return is_plain ? std::string(path) : request_tag(path);
}

std::string request_tag(std::string_view path) {
    const auto digest = sign::sha256(path);
    return "#" + base64_url_encode(std::string(digest.begin(), digest.begin() + digest_bytes));
}

std::string purge_tags_of(const protected_route& route, std::string_view subrequest_target,
                          std::string_view request_target) {
    std::string tags;
    if (route.subrequest_names_resource && !subrequest_target.empty()) {
        tags = subrequest_tag(resource_path(subrequest_target));
    }
    const bool named_by_app =
        route.settings.object.empty() || route.settings.resolve || !route.settings.object_header.empty();
    if (named_by_app && route.preset == nullptr) {
        tags.append(tags.empty() ? "" : "\n").append(request_tag(resource_path(request_target)));
    }
    return tags;
}

} // namespace sluice::authorize
