#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/canonical.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Reading the signing vectors.
namespace vectors {

namespace json = boost::json;
using pairs = std::vector<std::pair<std::string, std::string>>;

inline json::value read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    if (text.empty()) {
        throw std::runtime_error("cannot read " + path.string());
    }
    return json::parse(text);
}

/// The text of `name`, "" where it is absent.
inline std::string text(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    return value == nullptr ? std::string() : std::string(value->as_string());
}

inline pairs pairs_of(const json::object& object, std::string_view name) {
    pairs out;
    if (const json::value* const list = object.if_contains(name)) {
        for (const json::value& item : list->as_array()) {
            const json::array& pair = item.as_array();
            out.emplace_back(std::string(pair.at(0).as_string()), std::string(pair.at(1).as_string()));
        }
    }
    return out;
}

inline std::vector<sluice::sign::field_view> views(const pairs& list) {
    std::vector<sluice::sign::field_view> out;
    for (const auto& [name, value] : list) {
        out.push_back({name, value});
    }
    return out;
}

/// `2026-01-15T12:34:56Z`.
inline std::chrono::system_clock::time_point time(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (std::sscanf(text.c_str(), "%d-%u-%uT%d:%d:%dZ", &year, &month, &day, &hour, &minute, &second) != 6) {
        throw std::runtime_error("no time: " + text);
    }
    const std::chrono::sys_days date =
        std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day));
    return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

/// `scheme://host[:port]`, as the configuration would give it.
inline sluice::config::url endpoint(std::string_view text) {
    sluice::config::url url;
    url.tls = text.starts_with("https://");
    text.remove_prefix(url.tls ? 8 : 7);
    const auto colon = text.rfind(':');
    url.host = std::string(text.substr(0, colon));
    url.port = url.tls ? 443 : 80;
    if (colon != std::string_view::npos) {
        url.port = static_cast<std::uint16_t>(std::stoi(std::string(text.substr(colon + 1))));
    }
    return url;
}

/// The opposite of `percent_encode`, for taking URLs of others apart.
inline std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// The decoded pairs of a raw query.
inline pairs split_query(std::string_view query) {
    pairs out;
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const auto equals = one.find('=');
        out.emplace_back(percent_decode(one.substr(0, equals)),
                         equals == std::string_view::npos ? "" : percent_decode(one.substr(equals + 1)));
    }
    return out;
}

} // namespace vectors
