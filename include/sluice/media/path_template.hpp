#pragma once

#include <sluice/config/path_template.hpp>
#include <sluice/config/text_template.hpp>

#include <optional>
#include <string_view>
#include <vector>

/// Which paths a media route takes. Pure: it matches raw bytes, so that what the app authorises and what is fetched
/// can never be two things.
namespace sluice::media {

/// What a request has at a capture of its route, raw as it came. Views into the template and the target.
struct capture {
    std::string_view name; ///< in the template
    std::string_view raw;  ///< in the target, percent-encoded as it came
    config::template_value::origin from{config::template_value::origin::path}; ///< or `query`
};

/// One path template, taken apart once.
class path_template {
public:
    /// `text` has passed the config's checks (config/path_template.hpp).
    explicit path_template(std::string_view text);

    /// The captures where `raw_path` matches, in the template's order. None is ever empty.
    ///
    /// `{x*}` takes one or more whole segments, `{x}` text of one segment: the last capture of a segment all up to what
    /// the segment ends with, each before it as little as leaves the literal behind it. No literal begins within a
    /// percent escape. Each path matches in one way at most, found without trying others: what comes before `{x*}` is
    /// compared from the path's beginning, what comes after it with the path's last segments.
    [[nodiscard]] std::optional<std::vector<capture>> match(std::string_view raw_path) const;

    [[nodiscard]] const config::path_parts& parts() const noexcept { return parts_; }

private:
    config::path_parts parts_;
};

} // namespace sluice::media
