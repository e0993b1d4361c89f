#pragma once

#include <sluice/authorize/app_headers.hpp>
#include <sluice/config/config.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/relay/relay.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::proxy {

/// Keeps back the app's response where it names an object in the route's `object_header` (`may_name_object`). The
/// arguments must outlive it.
class object_header_filter : public relay::response_filter {
public:
    object_header_filter(const media::media_route& route, const config::config& settings, std::string_view method);

    bool on_head(const http::response_head& head, const relay::forward_progress& progress) override;
    [[nodiscard]] bool asks_for_content() const override { return !type_with_content_.empty(); }
    void on_content(bool has_content) override;
    http::header_list on_failure(const error& e, const relay::forward_progress& progress) override;

    /// What the field says; nullopt where the response was passed on.
    std::optional<std::string> object{};
    http::header_list fields{};                           ///< of the response, with `object`
    std::optional<metrics::fallback_reason> why_failed{}; ///< the app did not respond
    std::string failure_detail{};                         ///< with `why_failed`, for the log

private:
    const media::media_route& route_;
    const config::config& settings_;
    const std::string_view method_;
    std::string type_with_content_{}; ///< the object's type where the response has content; "": that is no matter
};

} // namespace sluice::proxy
