#include <sluice/origin/error_code.hpp>

#include <algorithm>

namespace sluice::origin {

namespace {

constexpr std::size_t max_code = 64;
/// `<Code>` is the first element of the error.
constexpr std::size_t max_searched = 1024;

std::string_view checked(std::string_view code) noexcept {
    const bool is_word = !code.empty() && code.size() <= max_code && std::ranges::all_of(code, is_alnum);
    return is_word ? code : std::string_view();
}

} // namespace

std::string_view error_code_of(const http::response_head& head, std::string_view body) noexcept {
    if (const auto code = checked(head.fields.value("x-ms-error-code")); !code.empty()) {
        return code;
    }
    constexpr std::string_view begin = "<Code>";
    body = body.substr(0, max_searched);
    const auto at = body.find(begin);
    if (at == std::string_view::npos) {
        return {};
    }
    body.remove_prefix(at + begin.size());
    const auto end = body.find("</Code>");
    return end == std::string_view::npos ? std::string_view() : checked(body.substr(0, end));
}

} // namespace sluice::origin
