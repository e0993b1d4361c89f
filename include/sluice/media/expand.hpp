#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/text_template.hpp>
#include <sluice/media/path_template.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Fills in templates. Pure.
namespace sluice::media {

/// What fills a template in.
struct template_values {
    const std::vector<capture>& captures;
    std::optional<std::string_view> resolved{}; ///< the key that the app named, as it is; none: its places stay empty
};

/// An object's key or URI: each capture decoded once (`+` is a space in a query), cut and filtered as its place says.
///
/// Error: `errc::bad_request` where a value cannot be decoded, is shorter than its slice, is no base64url where it is
/// to be, is not UTF-8, or has a control character or a dot segment; so that it can mean one thing only.
[[nodiscard]] result<std::string> expand_object(const config::text_parts& parts, const template_values& values);

/// A subrequest's target, as it goes over the wire. A whole capture of the path goes into its path raw; every other
/// value is percent-encoded, segment by segment in the path, and with `/` too in the query.
///
/// Error: `errc::bad_request` as above, and where the path would be none that every reader understands in one way
/// (http::is_media_safe_path).
[[nodiscard]] result<std::string> expand_target(const config::target_parts& parts,
                                                const std::vector<capture>& captures);

} // namespace sluice::media
