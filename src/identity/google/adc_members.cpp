#include "adc_members.hpp"

#include <sluice/base/secret_json.hpp>
#include <sluice/identity/credential_text.hpp>
#include <sluice/identity/google/responses.hpp>

#include <stdexcept>
#include <utility>

namespace sluice::identity::adc {

namespace {

std::string_view printable_text(const json_object& in, std::string_view name) {
    if (!in.contains({name.data(), name.size()})) {
        refuse("\"" + std::string(name) + "\" is missing");
    }
    const std::string_view text = secret_json::text(in, name);
    if (!is_printable_ascii(text)) {
        refuse("\"" + std::string(name) + "\" must be a string of printable ASCII, and not empty");
    }
    return text;
}

} // namespace

void refuse(const std::string& why) {
    throw std::invalid_argument("Google credentials: " + why);
}

const json_object* object_in(const json_object& in, std::string_view name) {
    const auto* const value = in.if_contains({name.data(), name.size()});
    return value == nullptr ? nullptr : value->if_object();
}

std::string required_text(const json_object& in, std::string_view name) {
    return std::string(printable_text(in, name));
}

secret required_secret(const json_object& in, std::string_view name) {
    return secret(printable_text(in, name));
}

std::string optional_text(const json_object& in, std::string_view name, std::string otherwise) {
    return in.contains({name.data(), name.size()}) ? required_text(in, name) : std::move(otherwise);
}

service_url url_of(const std::string& text, std::string_view name) {
    return parse_google_url(text, "Google credentials: \"" + std::string(name) + "\"");
}

} // namespace sluice::identity::adc
