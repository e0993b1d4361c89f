#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice::media {

/// What is known of the version that is served, as its plan and its head need it. Views.
struct representation {
    std::uint64_t size{0};                          ///< in bytes
    std::string_view etag;                          ///< as its `ETag` is written; "": none
    std::string_view content_type;                  ///< the store's; "": it says none
    std::string_view last_modified;                 ///< an HTTP date; "": none
    std::chrono::system_clock::time_point received; ///< when the origin's answer with these fields came
};

} // namespace sluice::media
