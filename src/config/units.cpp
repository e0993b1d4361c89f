#include <sluice/config/text.hpp>
#include <sluice/config/units.hpp>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

namespace sluice::config {

namespace {

/// The number that `text` begins with, and the rest; nullopt where there is none or it overflows.
struct amount {
    std::uint64_t number{0};
    std::string_view unit;
};

std::optional<amount> split(std::string_view text) {
    amount a;
    // For unsigned types from_chars takes neither a sign nor white space.
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), a.number, 10);
    if (failure != std::errc{}) {
        return std::nullopt;
    }
    a.unit = text.substr(static_cast<std::size_t>(end - text.data()));
    return a;
}

/// number × scale where it is at most `max`.
std::optional<std::uint64_t> scaled(std::uint64_t number, std::uint64_t scale, std::uint64_t max) {
    if (number > max / scale) {
        return std::nullopt;
    }
    return number * scale;
}

struct unit {
    std::string_view name;
    std::uint64_t scale;
};

constexpr std::array<unit, 5> size_units{unit{"TiB", 1ULL << 40U}, unit{"GiB", 1ULL << 30U}, unit{"MiB", 1ULL << 20U},
                                         unit{"KiB", 1ULL << 10U}, unit{"B", 1}};
constexpr std::array<unit, 5> time_units{unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000},
                                         unit{"s", 1000}, unit{"ms", 1}};
/// Half of what fits: sums of a few sizes or times cannot overflow.
constexpr std::uint64_t max_amount = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 2;

} // namespace

result<std::uint64_t> parse_number(std::string_view text) {
    const auto parts = split(text);
    if (!parts || !parts->unit.empty()) {
        return bad("must be a whole number");
    }
    return parts->number;
}

result<std::uint64_t> parse_size(std::string_view text) {
    const auto parts = split(text);
    if (parts && parts->unit.empty() && parts->number == 0) {
        return std::uint64_t{0};
    }
    if (parts && parts->unit.empty()) {
        return bad("needs a unit: B, KiB, MiB, GiB or TiB");
    }
    if (parts) {
        for (const auto& u : size_units) {
            const bool short_form = u.scale > 1 && parts->unit == u.name.substr(0, 2);
            if (parts->unit == u.name || short_form) {
                if (const auto bytes = scaled(parts->number, u.scale, max_amount)) {
                    return *bytes;
                }
                return bad("is too large a size");
            }
        }
    }
    return bad("is not a size: write a whole number with B, KiB, MiB, GiB or TiB, as in 20GiB");
}

result<duration> parse_duration(std::string_view text) {
    const auto parts = split(text);
    if (parts && parts->unit.empty() && parts->number == 0) {
        return duration{0};
    }
    if (parts && parts->unit.empty()) {
        return bad("needs a unit: ms, s, m, h or d");
    }
    if (parts) {
        for (const auto& u : time_units) {
            if (parts->unit == u.name) {
                if (const auto ms = scaled(parts->number, u.scale, max_amount)) {
                    return duration{static_cast<duration::rep>(*ms)};
                }
                return bad("is too long a time");
            }
        }
    }
    return bad("is not a time: write a whole number with ms, s, m, h or d, as in 30s");
}

result<unsigned> parse_percent(std::string_view text) {
    const auto parts = split(text);
    if (!parts || parts->unit != "%" || parts->number > 100) {
        return bad("must be a percentage from 0% to 100%");
    }
    return static_cast<unsigned>(parts->number);
}

result<bool> parse_bool(std::string_view text) {
    if (text == "true") {
        return true;
    }
    if (text == "false") {
        return false;
    }
    return bad("must be true or false");
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& u : size_units) {
        if (bytes != 0 && bytes % u.scale == 0) {
            return std::to_string(bytes / u.scale).append(u.name);
        }
    }
    return "0";
}

std::string format_duration(duration value) {
    const auto ms = static_cast<std::uint64_t>(value.count());
    for (const auto& u : time_units) {
        if (u.name != "d" && ms != 0 && ms % u.scale == 0) {
            return std::to_string(ms / u.scale).append(u.name);
        }
    }
    return "0s";
}

} // namespace sluice::config
