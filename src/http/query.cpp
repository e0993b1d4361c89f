#include <sluice/base/text.hpp>
#include <sluice/http/query.hpp>

#include <algorithm>
#include <utility>

namespace sluice::http {

namespace {

bool is_plain(char c) {
    return c > ' ' && c < 0x7f && c != ';' && c != '#';
}

/// C0, DEL, and C1 as UTF-8 writes it.
bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0xffU;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0)) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> decoded(std::string_view raw) {
    std::string spaced(raw);
    std::ranges::replace(spaced, '+', ' ');
    auto text = percent_decode(spaced);
    if (!text || has_control(*text) || !is_utf8(*text)) {
        return std::nullopt;
    }
    return std::move(*text);
}

bool has_twice(const std::vector<query_parameter>& parameters) {
    std::vector<std::string> names;
    names.reserve(parameters.size());
    for (const auto& each : parameters) {
        names.push_back(to_lower(each.name));
    }
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

} // namespace

std::optional<std::vector<query_parameter>> strict_query(std::string_view raw, std::size_t max_parameters) {
    std::vector<query_parameter> parameters;
    if (!std::ranges::all_of(raw, is_plain)) {
        return std::nullopt;
    }
    while (!raw.empty()) {
        const auto end = raw.find('&');
        const auto pair = raw.substr(0, end);
        const auto equals = pair.find('=');
        auto name = decoded(pair.substr(0, equals));
        auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
        const bool ends_in_separator = end == raw.size() - 1;
        if (!name || name->empty() || !value || ends_in_separator || parameters.size() == max_parameters) {
            return std::nullopt;
        }
        parameters.push_back({std::move(*name), std::move(*value)});
        raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
    }
    if (has_twice(parameters)) {
        return std::nullopt;
    }
    return parameters;
}

const std::string* find_parameter(const std::vector<query_parameter>& parameters, std::string_view name) noexcept {
    const auto at = std::ranges::find(parameters, name, &query_parameter::name);
    return at == parameters.end() ? nullptr : &at->value;
}

} // namespace sluice::http
