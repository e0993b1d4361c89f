// The parsers of the http folder on arbitrary bytes. The first byte picks which; the second, how the rest arrives.
#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/framing.hpp>
#include <sluice/http/message_parser.hpp>
#include <sluice/http/range.hpp>
#include <sluice/http/target.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace sluice;
using namespace sluice::http;

namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

bool check(const request_head& head) {
    const auto checked = check_request(head);
    if (!checked)
        return false;
    require(checked->target.starts_with('/') || checked->target == "*");
    require(head.fields.count("transfer-encoding") + head.fields.count("content-length") <= 1);
    return true;
}
bool check(const response_head& head) {
    return check_response(head, error_source::app).has_value();
}

/// Reads messages off `data` in pieces, and tells what was read; always from heap blocks of the exact size, so that a
/// sanitizer sees every byte read beyond.
template <class Parser>
std::string read_messages(std::string_view data, std::size_t piece) {
    std::string story;
    Parser parser(512);
    std::size_t used = 0;
    std::size_t seen = 0;
    while (true) {
        const std::string_view buffered = data.substr(used, seen - used);
        const std::vector<char> block(buffered.begin(), buffered.end());
        const std::string_view view(block.data(), block.size());
        if (!parser.has_head()) {
            const auto size = parser.parse_head(view);
            if (!size)
                return story + "!";
            require(*size <= view.size());
            if (*size != 0) {
                for (const auto& field : parser.head().fields.items)
                    require(is_token(field.name) && is_field_value(field.value));
                story += check(parser.head()) ? 'H' : 'h';
                if (story.back() == 'h')
                    return story;
                used += *size;
                continue;
            }
        } else if (parser.is_done()) {
            story += '.';
            parser.reset();
            continue;
        } else {
            const auto step = parser.parse_body(view);
            if (!step)
                return story + "!";
            require(step->consumed <= view.size() && step->payload.size() <= step->consumed);
            story += step->payload;
            used += step->consumed;
            if (step->consumed != 0 || step->done)
                continue;
        }
        if (seen == data.size())
            return story + (parser.on_eof() ? 'E' : 'e');
        seen = std::min(seen + piece, data.size());
    }
}

template <class Parser>
void messages(std::string_view data, std::size_t piece) {
    require(read_messages<Parser>(data, piece) == read_messages<Parser>(data, data.size() + 1));
}

void targets(std::string_view data) {
    const auto parts = split_target(data);
    require(parts.path.size() + parts.query.size() + (parts.has_query ? 1 : 0) == data.size());
    static_cast<void>(path_without_query(data));
    static_cast<void>(is_host(data));
    const auto decoded = percent_decode(data);
    if (is_media_safe_path(data)) {
        require(decoded.has_value() && is_utf8(*decoded));
        const std::string walled = *decoded + '/';
        require(walled.find("//") == std::string::npos || data.ends_with('/'));
        require(walled.find("/../") == std::string::npos && walled.find("/./") == std::string::npos);
        require(decoded->find_first_of(std::string_view("\\;\0\r\n", 5)) == std::string::npos);
    }
    require(percent_decode(percent_encode(data, slash::encode)).value() == data);
}

void ranges(std::string_view data, std::uint64_t size) {
    for (const auto total : {size, size * size * size * size * size * size * size * size, std::uint64_t{0}}) {
        const auto specs = parse_range_spec(data);
        if (!specs)
            continue;
        const auto parsed = resolve_ranges(*specs, total);
        if (!parsed)
            continue;
        require(!parsed->empty() && parsed->size() <= 16);
        for (const auto& range : *parsed)
            require(range.first <= range.last && range.last < total);
    }
    const auto content = parse_content_range(data);
    require(!content || content->range || content->size);
}

void conditions(std::string_view data) {
    const field_list list{{{"If-Match", data}, {"If-None-Match", data}, {"If-Range", data}, {"Connection", data}}};
    static_cast<void>(evaluate_preconditions(list, {data, parse_http_date(data)}));
    static_cast<void>(if_range_holds(list, {"\"a\"", std::nullopt}, std::nullopt));
    const hop_by_hop hop(list);
    require(!hop.strips("Host") && !hop.strips("Cookie") && !hop.strips("Authorization") && !hop.strips("X-Real-IP"));
    std::string out;
    if (append_field(out, "A", data))
        require(out.find_first_of("\r\n") == out.size() - 2);
    if (const auto date = parse_http_date(data))
        require(parse_http_date(format_http_date(*date)) == date);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2)
        return 0;
    const std::string data(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    const std::size_t piece = 1 + bytes[1] % 64U;
    switch (bytes[0] % 5) {
    case 0:
        messages<request_parser>(data, piece);
        break;
    case 1:
        messages<response_parser>(data, piece);
        break;
    case 2:
        targets(data);
        break;
    case 3:
        ranges(data, bytes[1]);
        break;
    default:
        conditions(data);
    }
    return 0;
}
