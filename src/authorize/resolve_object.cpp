#include <sluice/authorize/location.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/sign/crypto.hpp>

#include <algorithm>
#include <cstring>

namespace sluice::authorize {

namespace {

using metrics::fallback_reason;

constexpr std::size_t max_logged = 256;

/// True for a value that is neither a string, nor null, nor missing.
bool is_odd(const json_pointer_reader& values, resolved_value i) {
    const auto kind = values.kind_of(i);
    return kind == json_pointer_reader::kind::other || kind == json_pointer_reader::kind::number;
}

/// Whether the values beside the object are of the kinds that they must have.
bool are_readable(const json_pointer_reader& values) {
    return !is_odd(values, at_content_type) && !is_odd(values, at_filename) && !is_odd(values, at_fallback) &&
           values.kind_of(at_version) != json_pointer_reader::kind::other;
}

void present(authorization& a, const json_pointer_reader& values) {
    const auto& type = values.value(at_content_type);
    if (type && http::is_field_value(*type)) {
        a.content_type = *type;
    }
    a.filename = values.value(at_filename).value_or("");
}

} // namespace

std::optional<fallback_reason> resolve_object(authorization& a, const protected_route& route, std::string_view target,
                                              const json_pointer_reader& values) {
    const auto& named = values.value(at_object);
    a.must_serialize = route.preset != nullptr && route.preset->must_serialize(route, named);
    a.key = loggable_name(named.value_or(""));
    if (!named || !are_readable(values)) {
        return fallback_reason::unresolved;
    }
    if (route.locations.empty()) {
        return fallback_reason::no_store;
    }
    auto place = route.preset != nullptr ? route.preset->find_object(route, *named)
                                         : object_from_url(*named, route.locations, route.own_location);
    if (!place && route.preset == nullptr) {
        place = object_from_uri(*named, route.locations, route.own_location, route.bare_keys);
    }
    if (!place) {
        return fallback_reason::not_ours;
    }
    if (route.preset == nullptr) {
        present(a, values);
    } else if (!route.preset->present(a, place->key, target, values)) {
        return fallback_reason::unresolved;
    }
    a.store = place->store;
    a.key = std::move(place->key);
    a.version = version_of(values.text(at_version).value_or(""));
    return std::nullopt;
}

std::uint64_t version_of(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const auto digest = sign::sha256(text);
    std::uint64_t number = 0;
    std::memcpy(&number, digest.data(), sizeof(number));
    return number | 1U;
}

std::string loggable_name(std::string_view named) {
    named = named.substr(0, named.find('?'));
    const auto scheme = named.find("://");
    const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto end = std::min(named.find('/', host), named.size());
    const auto at = named.substr(0, end).rfind('@');
    std::string text(named);
    if (host != 0 && at != std::string_view::npos && at >= host) {
        text.erase(host, at + 1 - host);
    }
    if (text.size() > max_logged) {
        std::size_t end_of_text = max_logged;
        while (end_of_text > 0 && (static_cast<unsigned char>(text[end_of_text]) & 0xC0U) == 0x80U) {
            --end_of_text; // not within a character
        }
        text.resize(end_of_text);
    }
    return text;
}

} // namespace sluice::authorize
