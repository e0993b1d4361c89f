#include <sluice/config/text.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {

namespace {

result<std::string> parse_object_header(std::string_view text) {
    auto name = parse_field_name(text);
    if (name && !may_be_object_header(*name)) {
        return bad("is a field that the app, callers or Sluice need for something else");
    }
    return name;
}

bool is_literal(std::string_view segment) {
    return !segment.empty() && segment != "." && segment != ".." && std::ranges::all_of(segment, [](char c) {
        return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
    });
}

} // namespace

result<std::string> parse_url_prefix(std::string_view text) {
    constexpr std::string_view rest = "/{rest*}";
    const auto wrong = [] {
        return bad("must be a path with the segments {scheme} and {host}, once each, and {rest*} at its end, as in "
                   "/file_download/{scheme}/{host}/{rest*}");
    };
    if (!text.ends_with(rest)) {
        return wrong();
    }
    std::array<unsigned, 2> seen{};
    for (auto left = text.substr(0, text.size() - rest.size()); !left.empty();) {
        if (!left.starts_with('/')) {
            return wrong();
        }
        left.remove_prefix(1);
        const auto segment = left.substr(0, left.find('/'));
        left.remove_prefix(segment.size());
        if (segment == "{scheme}") {
            ++seen[0];
        } else if (segment == "{host}") {
            ++seen[1];
        } else if (!is_literal(segment)) {
            return wrong();
        }
    }
    if (seen[0] != 1 || seen[1] != 1) {
        return wrong();
    }
    return std::string(text);
}

void read_object_header(reading& r, mapping& m, route& out) {
    const node* value = m.take("object_header");
    if (value == nullptr || value->what != node::kind::mapping) {
        m.read("object_header", out.object_header, parse_object_header);
        return;
    }
    mapping keys(r, *value, m.full("object_header"));
    if (keys.need("name") != nullptr) {
        keys.read("name", out.object_header, parse_object_header);
    }
    keys.read("url_prefix", out.object_url_prefix, parse_url_prefix);
    keys.finish();
}

} // namespace sluice::config
