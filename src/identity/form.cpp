#include <sluice/base/text.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/form.hpp>

#include <algorithm>
#include <utility>

namespace sluice::identity {

result<service_url> parse_service_url(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return error{errc::bad_config, error_source::internal, false, "is not an absolute URL"};
    }
    const auto path = std::min(text.size(), text.find_first_of("/?#", scheme_end + 3));
    auto base = config::parse_url(text.substr(0, path));
    if (!base) {
        return base.error();
    }
    const auto rest = text.substr(path);
    const auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
    if (!std::ranges::all_of(rest, fits)) {
        return error{errc::bad_config, error_source::internal, false,
                     "has a fragment, white space or a byte beyond ASCII"};
    }
    service_url out{std::move(*base), std::string(rest)};
    if (!out.target.starts_with('/')) {
        out.target.insert(0, "/");
    }
    return out;
}

secret encode_form(const form_pairs& pairs) {
    std::size_t max_size = 0;
    for (const auto& [name, value] : pairs) {
        max_size += 3 * (name.size() + value.size()) + 2;
    }
    wiped_text out;
    out.reserve(max_size); // so that nothing is left where it was before it grew
    for (const auto& [name, value] : pairs) {
        out.text.append(out.text.empty() ? "" : "&");
        append_percent_encoded(out.text, name, slash::encode);
        out.text.append("=");
        append_percent_encoded(out.text, value, slash::encode);
    }
    return secret(out.text);
}

http_request get_from(const service_url& from) {
    http_request out;
    out.server = from.server;
    out.target = from.target;
    return out;
}

http_request post_to(const service_url& to, std::string_view content_type, secret body) {
    http_request out = get_from(to);
    out.method = "POST";
    out.fields.emplace_back("Content-Type", secret(content_type));
    out.body = std::move(body);
    return out;
}

http_request post_form(const service_url& to, const form_pairs& pairs) {
    return post_to(to, "application/x-www-form-urlencoded", encode_form(pairs));
}

secret bearer_field(const secret& token) {
    constexpr std::string_view scheme = "Bearer ";
    wiped_text text;
    text.reserve(scheme.size() + token.reveal().size());
    text.append(scheme).append(token.reveal());
    return secret(text.text);
}

} // namespace sluice::identity
