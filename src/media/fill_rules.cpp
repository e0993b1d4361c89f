#include <sluice/media/fill_rules.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// A block that lacks less than this when its last reader leaves is finished.
constexpr std::uint64_t min_remainder = 256 * 1024;

} // namespace

bool is_nearly_whole(std::uint64_t position, std::uint64_t end, std::uint64_t block_size) noexcept {
    const std::uint64_t block_end = std::min(end, (position / block_size + 1) * block_size);
    return position % block_size != 0 && block_end - position < min_remainder;
}

bool may_resume(const error& broken, steady_clock::duration left) noexcept {
    return broken.retryable && left > steady_clock::duration::zero();
}

origin::fetch_request request_for_version(const cache::object_info& version, std::uint64_t first, std::uint64_t last,
                                          steady_clock::time_point give_up) noexcept {
    origin::fetch_request request;
    request.key = version.key.name;
    request.range = http::range_spec{http::range_spec::form::bounded, first, last, 0};
    request.match = version.version.value;
    request.size = version.size;
    request.give_up = give_up;
    return request;
}

result<void> check_has_body(const origin::object_head& answer) {
    if (!answer.has_bytes) {
        return error{errc::unexpected_status, error_source::origin, false, "no body"};
    }
    return {};
}

result<void> check_resumes(const origin::object_head& answer, std::uint64_t position) {
    if (!answer.has_bytes || answer.bytes.first != position) {
        return error{errc::bad_content_range, error_source::origin, false};
    }
    return {};
}

cache::object_info describe_version(const origin::object_head& answer, std::string_view store, std::string_view key,
                                    std::string_view purge_tags, bool is_generation,
                                    std::chrono::system_clock::time_point now) {
    cache::object_info info;
    info.key = {store, std::string(key)};
    info.version = {is_generation ? cache::validator_kind::generation : cache::validator_kind::etag, answer.validator};
    info.size = answer.size;
    info.content_type = answer.content_type;
    info.last_modified = answer.last_modified;
    info.purge_tags = purge_tags;
    info.stored = now;
    return info;
}

} // namespace sluice::media
