#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/proxy/media.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Lines that the heads of media responses are made of.
namespace sluice::proxy::detail {

void append_number(std::string& out, std::uint64_t n);

/// Appends a field; nothing where `value` is empty, or no field value: what a store says that is none is left out.
void append_line(std::string& out, std::string_view name, std::string_view value);

/// Appends those of the whole lines `lines` whose field's name is not left out.
template <class LeftOut>
void append_unless(std::string& out, std::string_view lines, LeftOut is_left_out) {
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n") + 2);
        if (!is_left_out(line.substr(0, line.find(':')))) {
            out += line;
        }
        lines.remove_prefix(line.size());
    }
}

/// The cookies of the subrequest's answer, and the route's CORS fields.
void append_access(std::string& out, const media_request& m);

} // namespace sluice::proxy::detail
