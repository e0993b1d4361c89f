#include "object_header_filter.hpp"

#include <sluice/authorize/subrequest_outcome.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/proxy/media_step.hpp>

namespace sluice::proxy {

object_header_filter::object_header_filter(const media::media_route& route, const config::config& settings,
                                           std::string_view method)
    : route_(route)
    , settings_(settings)
    , method_(method) {}

bool object_header_filter::on_head(const http::response_head& head, const relay::forward_progress& /*progress*/) {
    const auto& field = route_.settings.object_header;
    if (!may_name_object(head.status) || head.fields.count(field) != 1) {
        return true;
    }
    object = head.fields.value(field);
    fields =
        authorize::object_response_headers(head.fields, {settings_.object_headers, route_.settings.cors.has_value()});
    const auto from = route_.settings.type_from;
    const auto has_content = authorize::content_of(head, method_);
    const auto type = authorize::object_type(head.fields, from, has_content);
    if (type.empty()) {
        return false;
    }
    if (has_content == authorize::content::unknown &&
        authorize::object_type(head.fields, from, authorize::content::none).empty()) {
        type_with_content_ = type;
    } else {
        fields.add("Content-Type", type);
    }
    return false;
}

void object_header_filter::on_content(bool has_content) {
    if (has_content) {
        fields.add("Content-Type", type_with_content_);
    }
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
