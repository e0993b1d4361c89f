#include <sluice/authorize/object_uri.hpp>
#include <sluice/config/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/origin/store_kind.hpp>

#include <algorithm>
#include <utility>

namespace sluice::authorize {

namespace {

/// The key that `text` names in this very store, unchecked.
std::optional<std::string_view> key_in(const store_location& store, std::string_view text) {
    for (const auto& uri : store.uris) {
        if (text.starts_with(uri)) {
            return text.substr(uri.size());
        }
    }
    return std::nullopt;
}

/// The key, not yet decoded, of `/store/key`.
std::optional<std::string_view> raw_key_in(const store_location& store, std::string_view path) {
    if (!store.internal.empty() && path.starts_with(store.internal)) {
        return path.substr(store.internal.size());
    }
    path.remove_prefix(1);
    if (path.starts_with(store.name) && path.substr(store.name.size()).starts_with('/')) {
        return path.substr(store.name.size() + 1);
    }
    return std::nullopt;
}

bool is_usable(const store_location& store, std::string_view key, bare_key bare) noexcept {
    return bare == bare_key::whole ? holds_key(store, key) : is_safe_key(key, store.keys);
}

std::optional<object_ref> object_from_full(std::string_view text, std::span<const store_location> stores,
                                           std::optional<std::size_t> own) {
    std::optional<object_ref> found;
    bool doubtful = false;
    for (std::size_t i = 0; i < stores.size(); ++i) {
        const auto key = key_in(stores[i], text);
        if (!key || !holds_key(stores[i], *key)) {
            continue;
        }
        if (own == i) {
            return object_ref{i, std::string(*key)};
        }
        doubtful = found.has_value();
        if (!found) {
            found = object_ref{i, std::string(*key)};
        }
    }
    return doubtful ? std::nullopt : found;
}

} // namespace

store_location location_of(const config::store& s, std::string_view location) {
    const auto& kind = origin::kind_of(s);
    auto forms = kind.uris(s);
    const auto& traits = kind.traits();
    std::vector<url_place> places;
    for (auto& at : kind.url_places(s, location)) {
        places.push_back({std::move(at), false});
    }
    for (const auto& alias : s.aliases) {
        places.push_back({alias, true});
    }
    const auto can = kind.capabilities();
    const bool global = !traits.local && (!s.endpoint || kind.is_clouds_own(*s.endpoint));
    return {s.name,
            std::string(traits.name),
            std::move(forms.accepted),
            forms.shown + s.prefix,
            s.prefix,
            traits.keys,
            std::move(places),
            s.account,
            s.bucket,
            global,
            can.signed_urls,
            global && can.plus_is_space,
            s.internal};
}

bool holds_key(const store_location& store, std::string_view key) noexcept {
    return is_safe_key(key, store.keys) && key.starts_with(store.prefix) && key.size() > store.prefix.size();
}

bool has_safe_segments(std::string_view key, key_form form) noexcept {
    while (true) {
        const auto slash = key.find('/');
        const auto segment = key.substr(0, slash);
        if ((segment.empty() && form == key_form::tree) || segment == "." || segment == "..") {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        key.remove_prefix(slash + 1);
    }
}

bool is_safe_key(std::string_view key, key_form form) noexcept {
    return !key.empty() && key.size() <= max_key && !config::has_control(key) && is_utf8(key) &&
           has_safe_segments(key, form);
}

bool is_object_uri(std::string_view text, key_form form) noexcept {
    const auto scheme = text.substr(0, text.find("://"));
    const bool has_scheme = scheme.size() < text.size() && !scheme.empty() && std::ranges::all_of(scheme, [](char c) {
                                return is_alnum(c) || c == '+' || c == '-' || c == '.'; // RFC 3986 §3.1
                            });
    return has_scheme || (form == key_form::tree && text.starts_with('/'));
}

std::optional<object_ref> object_from_uri(std::string_view text, std::span<const store_location> stores,
                                          std::optional<std::size_t> own, bare_key bare) {
    const bool full = text.starts_with('/') || text.find("://") != std::string_view::npos;
    if (full) {
        return object_from_full(text, stores, own);
    }
    if (!own || *own >= stores.size() || !is_usable(stores[*own], text, bare)) {
        return std::nullopt;
    }
    return object_ref{*own, std::string(text)};
}

std::optional<object_ref> object_in_store(std::string_view key, std::span<const store_location> stores) {
    if (stores.size() != 1 || !holds_key(stores.front(), key)) {
        return std::nullopt;
    }
    return object_ref{0, std::string(key)};
}

path_meaning meaning_of_field(std::string_view name) noexcept {
    return http::same_name_folded(name, "X-Sendfile") ? path_meaning::file : path_meaning::location;
}

std::optional<object_ref> object_from_header(std::string_view value, std::span<const store_location> stores,
                                             std::optional<std::size_t> own, path_meaning meaning, bare_key bare) {
    const auto begins = [value](const store_location& store) { return key_in(store, value).has_value(); };
    if (value.find("://") != std::string_view::npos ||
        (meaning == path_meaning::file && std::ranges::any_of(stores, begins))) {
        return object_from_full(value, stores, own);
    }
    if (!value.starts_with('/') || value.find('?') != std::string_view::npos) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < stores.size(); ++i) {
        const auto raw = raw_key_in(stores[i], value);
        if (!raw) {
            continue;
        }
        auto key = percent_decode(*raw);
        if (!key || !is_usable(stores[i], key.value(), bare)) {
            return std::nullopt;
        }
        return object_ref{i, std::move(key.value())};
    }
    return std::nullopt;
}

} // namespace sluice::authorize
