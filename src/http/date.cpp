#include <sluice/http/date.hpp>

#include <locale.h>

#include <array>
#include <ctime>

namespace sluice::http {
namespace {

constexpr const char* imf_fixdate = "%a, %d %b %Y %H:%M:%S GMT";
constexpr const char* rfc850_date = "%A, %d-%b-%y %H:%M:%S GMT";
constexpr const char* asctime_date = "%a %b %e %H:%M:%S %Y";

/// The names of days and months are English whatever the process's locale is.
locale_t c_locale() {
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
}

std::string format(const char* form, const std::tm& fields) {
    std::array<char, 64> text{};
    const auto size = strftime_l(text.data(), text.size(), form, &fields, c_locale());
    return {text.data(), size};
}

} // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
    if (text.size() < 24 || text.size() > 40)
        return std::nullopt;
    const std::string copy(text);
    for (const char* form : {imf_fixdate, rfc850_date, asctime_date}) {
        std::tm fields{};
        const char* end = strptime_l(copy.c_str(), form, &fields, c_locale());
        if (!end || end != copy.c_str() + copy.size())
            continue;
        const std::time_t seconds = timegm(&fields); // puts fields right: 30 Feb becomes 2 Mar
        // strptime is lenient (white space, case, single digits): only what is written back the same was such a date.
        if (format(form, fields) != copy)
            return std::nullopt;
        return std::chrono::sys_seconds(std::chrono::seconds(seconds));
    }
    return std::nullopt;
}

std::string format_http_date(std::chrono::sys_seconds time) {
    const auto seconds = static_cast<std::time_t>(time.time_since_epoch().count());
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    return format(imf_fixdate, fields);
}

} // namespace sluice::http
