#include <sluice/base/text.hpp>
#include <sluice/http/conditional.hpp>
#include <sluice/origin/version.hpp>

#include <algorithm>

namespace sluice::origin {

namespace {

constexpr std::string_view generation_mark = "-g";
constexpr std::size_t max_generation_digits = 20; // of a 64-bit number

bool is_generation(std::string_view text) {
    return !text.empty() && text.size() <= max_generation_digits && std::ranges::all_of(text, is_digit);
}

} // namespace

std::string version_of(const http::field_list& fields, const capabilities& can) {
    const auto etag = fields.value("ETag");
    if (!http::is_strong_etag(etag) || fields.count("ETag") != 1) {
        return {};
    }
    std::string version(etag);
    if (can.generation_field.empty() || fields.count(can.generation_field) != 1) {
        return version;
    }
    const auto generation = fields.value(can.generation_field);
    if (is_generation(generation)) {
        version.pop_back();
        version.append(generation_mark).append(generation).append("\"");
    }
    return version;
}

version_parts parts_of(std::string_view version, const capabilities& can) {
    version_parts parts{std::string(version), {}};
    const auto at = version.rfind(generation_mark);
    if (can.generation_field.empty() || at == std::string_view::npos || !version.ends_with('"')) {
        return parts;
    }
    const auto begin = at + generation_mark.size();
    const auto generation = version.substr(begin, version.size() - 1 - begin);
    if (is_generation(generation)) {
        parts.etag = std::string(version.substr(0, at)) + '"';
        parts.generation = generation;
    }
    return parts;
}

bool append_match(std::string& request, std::string_view version, const capabilities& can, bool plain_fields_only) {
    const auto parts = parts_of(version, can);
    if (!parts.generation.empty() && !plain_fields_only) {
        return http::append_field(request, can.generation_match_field, parts.generation);
    }
    return http::append_field(request, "If-Match", parts.etag);
}

bool append_none_match(std::string& request, std::string_view version, const capabilities& can) {
    return http::append_field(request, "If-None-Match", parts_of(version, can).etag);
}

} // namespace sluice::origin
