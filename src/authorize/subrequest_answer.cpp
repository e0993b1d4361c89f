#include "subrequest_answer.hpp"

#include <sluice/authorize/app_headers.hpp>
#include <sluice/base/log.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_fields.hpp>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace sluice::authorize {

std::shared_ptr<const denied_response> denied_response_of(const subrequest& s, const http::response_head& head) {
    std::vector<std::string> left_out = s.x.worker.settings->object_headers;
    left_out.emplace_back("set-cookie");
    left_out.emplace_back("date"); // written anew
    denied_response d{head.status, {}};
    relay::each_passed_field(head, left_out, [&d](const http::field_view& f) { d.fields.add(f.name, f.value); });
    if (const auto* length = head.fields.find("Content-Length")) {
        d.fields.add("Content-Length", length->value);
    }
    return std::make_shared<const denied_response>(std::move(d));
}

http::header_list fields_for_media(const subrequest& s, const http::field_list& response) {
    const bool same = s.how.same != config::same_question::none;
    auto names = s.route.settings.allowed_app_headers;
    if (same) {
        std::ranges::copy_if(s.how.take, std::back_inserter(names), [](const auto& n) { return n != "content-type"; });
    }
    return allowed_app_headers(response, {s.x.worker.settings->object_headers, s.route.settings.cors.has_value(), names,
                                          same || s.route.preset != nullptr});
}

std::string taken_type(const subrequest& s, const http::response_head& head) {
    if (std::ranges::find(s.how.take, "content-type") == s.how.take.end()) {
        return {};
    }
    const auto* method = s.how.same == config::same_question::head ? "HEAD" : "GET";
    const auto type = object_type(head.fields, s.route.settings.type_from, content_of(head, method));
    return http::is_field_value(type) ? std::string(type) : std::string();
}

void warn_of_page(const subrequest& s, const http::response_head& head) {
    const auto type = head.fields.value("Content-Type");
    if (head.status != 200 || !s.how.accept.empty() || !is_page_type(type) ||
        !s.app.shared.reported.is_first(s.route.settings.name)) {
        return;
    }
    const bool same = s.how.same != config::same_question::none;
    log::warn(
        "the app's 200 to a subrequest is a page (text/html), which allows nothing, since apps answer anything with "
        "one: ask a path that answers only who may have the object, with another type or 204; or, where the page is "
        "an answer, set authorize.accept (logged once per route)",
        {{"route", s.route.settings.name},
         {"asked", same ? std::string_view("the object's own URL") : http::path_without_query(s.target)}});
}

} // namespace sluice::authorize
