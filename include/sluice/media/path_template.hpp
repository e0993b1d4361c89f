#pragma once

#include <sluice/authorize/object_uri.hpp>
#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Which media route a request takes. Pure: it matches raw bytes, so that what the app authorises and what is fetched
/// can never be two things.
namespace sluice::media {

/// A capture of a route's path, raw as it stood in the request. Views into the template and the target.
struct capture {
    std::string_view name; ///< in the template
    std::string_view raw;  ///< in the target, percent-encoded as it came
};

/// One path template, taken apart once.
class path_template {
public:
    /// `text` has passed the config's checks (config/path_template.hpp).
    explicit path_template(std::string_view text);

    /// The captures where `raw_path` matches. `{x}` is one segment, `{x*}` the rest; neither is ever empty.
    [[nodiscard]] std::optional<std::vector<capture>> match(std::string_view raw_path) const;

private:
    struct segment {
        std::string text; ///< literal, or the capture's name
        bool is_capture{false};
        bool is_rest{false};
    };
    std::vector<segment> segments_;
};

/// True where a route takes the query that came. `query` is what follows `?`; `has_query` tells a bare `?` from none.
[[nodiscard]] bool query_allowed(const config::route& r, std::string_view query, bool has_query) noexcept;

/// A template of captures (`lectures/{course}/{file}`) with each capture put in raw.
[[nodiscard]] std::string expand_raw(std::string_view text, const std::vector<capture>& captures);

/// The object's key: each capture decoded once. Errors: `errc::bad_request` where one cannot be decoded, or where the
/// key would be empty, have a segment that its form does not allow, or be longer than 1,024 bytes.
[[nodiscard]] result<std::string> expand_key(std::string_view text, const std::vector<capture>& captures,
                                             authorize::key_form form);

} // namespace sluice::media
