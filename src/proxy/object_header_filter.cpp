#include "object_header_filter.hpp"

#include <sluice/authorize/subrequest_outcome.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/proxy/media_step.hpp>

namespace sluice::proxy {

object_header_filter::object_header_filter(const media::media_route& route, const config::config& settings)
    : route_(route)
    , settings_(settings) {}

bool object_header_filter::on_head(const http::response_head& head, const relay::forward_progress& /*progress*/) {
    const auto& field = route_.settings.object_header;
    if (!may_name_object(head.status) || head.fields.count(field) != 1) {
        return true;
    }
    object = head.fields.value(field);
    fields =
        authorize::object_response_headers(head.fields, settings_.object_headers, route_.settings.cors.has_value());
    return false;
}

http::header_list object_header_filter::on_failure(const error& e, const relay::forward_progress& /*progress*/) {
    if (e.source == error_source::client) {
        return {};
    }
    why_failed = authorize::reason_without_response(e);
    failure_detail = authorize::text_of_failure(e);
    return media::bypass_fields(to_string(*why_failed));
}

} // namespace sluice::proxy
