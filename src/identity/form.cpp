#include <sluice/config/address.hpp>
#include <sluice/identity/form.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>

namespace sluice::identity {

result<service_url> parse_service_url(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return error{errc::bad_config, error_source::internal, false, "is not an absolute URL"};
    }
    const auto path = std::min(text.size(), text.find_first_of("/?#", scheme_end + 3));
    auto place = config::parse_url(text.substr(0, path));
    if (!place) {
        return place.error();
    }
    const auto rest = text.substr(path);
    const auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
    if (!std::ranges::all_of(rest, fits)) {
        return error{errc::bad_config, error_source::internal, false,
                     "holds a fragment or a byte that no URL's path or query has"};
    }
    service_url out{std::move(*place), std::string(rest)};
    if (!out.target.starts_with('/')) {
        out.target.insert(0, "/");
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

secret encode_form(const std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
    std::string out;
    for (const auto& [name, value] : pairs) {
        const auto text = percent_encoded(value);
        out.append(out.empty() ? "" : "&").append(percent_encoded(name)).append("=").append(text);
    }
    secret s(out);
    ::explicit_bzero(out.data(), out.size());
    return s;
}

} // namespace sluice::identity
