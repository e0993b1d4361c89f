#include <sluice/config/address.hpp>
#include <sluice/config/store_settings.hpp>
#include <sluice/config/units.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// An owner is part of the store's identity, whose parts `|` separates.
result<std::string> parse_owner(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 128 &&
                      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '|'; });
    if (!good) {
        return bad("must be a name of 1 to 128 letters, digits and marks, without spaces and `|`");
    }
    return std::string(text);
}

} // namespace

bool is_alphanumeric(std::string_view text, std::string_view marks) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

result<std::string> parse_bucket(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 255 && is_alphanumeric(text, "._-") && text.front() != '.' &&
                      text.front() != '-' && text.back() != '.' && text.find("..") == std::string_view::npos;
    if (!good) {
        return bad("must be a bucket's name: letters, digits, `.`, `-` and `_`, beginning with a letter or digit");
    }
    return std::string(text);
}

result<std::string> parse_key_id(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 256 &&
                      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ','; });
    if (!good) {
        return bad("must be an access key's id, without spaces, `/` and `,`");
    }
    return std::string(text);
}

const node* read_endpoint(mapping& m, result<url> (*parse)(std::string_view), store& s) {
    const node* value = m.scalar("endpoint");
    if (value == nullptr || value->text.empty()) {
        return nullptr;
    }
    url u;
    if (m.read("endpoint", u, parse) == nullptr) {
        return nullptr;
    }
    s.endpoint = std::move(u);
    return value;
}

bool take_endpoint(reading& r, const node& variable, result<url> (*parse)(std::string_view), store& s) {
    auto parsed = parse(variable.text);
    if (!parsed) {
        r.add(variable, parsed.error().detail);
        return false;
    }
    s.endpoint = std::move(*parsed);
    return true;
}

/// Whether a PEM file begins a certificate somewhere; whether it is a good one is found when it is used.
bool has_certificate(const std::string& file) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("-----BEGIN CERTIFICATE-----") ||
            line.starts_with("-----BEGIN TRUSTED CERTIFICATE-----") ||
            line.starts_with("-----BEGIN X509 CERTIFICATE-----")) {
            return true;
        }
    }
    return false;
}

/// After `response_timeout`, which it depends on.
void read_hedge_after(mapping& m, store& s) {
    constexpr duration shortest = 5ms;
    duration got{0};
    const node* value = m.read("hedge_after", got, parse_duration);
    if (value == nullptr) {
        return;
    }
    if (got != duration{0} && (got < shortest || got >= s.response_timeout)) {
        m.wrong("hedge_after", *value,
                "must be 0s (never), or from " + format_duration(shortest) + " to less than response_timeout (" +
                    format_duration(s.response_timeout) + ")");
        return;
    }
    s.hedge_after = got;
}

void read_requests(mapping& m, store& s) {
    m.read_duration("url_expiry", s.url_expiry, 1s, 24h * 7); // 604800 s: Signature Version 4, GCS V4, delegation keys
    m.read_duration("connect_timeout", s.connect_timeout, 1ms, 5min);
    m.read_duration("response_timeout", s.response_timeout, 1ms, 1h);
    const node* ca = m.read_path("ca_file", s.ca_file);
    if (ca != nullptr && !s.ca_file.empty()) {
        if (::access(s.ca_file.c_str(), R_OK) != 0) {
            m.wrong("ca_file", *ca, "cannot be read");
        } else if (!has_certificate(s.ca_file)) {
            m.wrong("ca_file", *ca, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
        }
    }
    std::string owner;
    if (m.read("owner", owner, parse_owner) != nullptr) {
        s.owner = std::move(owner);
    }
    m.read_count("parallel", s.parallel, 1, 16);
    read_hedge_after(m, s);
}

const node* read_credentials_of(reading& r, mapping& m, store& s) {
    m.read_bool("anonymous", s.anonymous);
    const node* value = m.take("credentials");
    if (value == nullptr) {
        return nullptr;
    }
    if (s.anonymous) {
        r.add(*value, "\"" + m.full("credentials") + "\" and anonymous are mutually exclusive");
        return nullptr;
    }
    if (value->what == node::kind::null) {
        m.wrong("credentials", *value, "has no value: without the key the cloud's default chain is asked");
        return nullptr;
    }
    return value;
}

void read_key_id(mapping& keys, std::string_view key, std::string& out) {
    const node* at = keys.need(key);
    secret id;
    if (at == nullptr || keys.read_secret(key, id) == nullptr) {
        return;
    }
    if (auto good = parse_key_id(id.reveal())) {
        out = std::move(*good);
    } else {
        keys.wrong(key, *at, good.error().detail);
    }
}

void read_key(mapping& keys, std::string_view key, secret& out) {
    const node* at = keys.need(key);
    if (at != nullptr && keys.read_secret(key, out) != nullptr && out.empty()) {
        keys.wrong(key, *at, "is empty");
    }
}

void refuse_token_in_plain(reading& r, const node* at, const store& s) {
    if (at != nullptr && s.endpoint && !s.endpoint->tls && !is_loopback(*s.endpoint)) {
        r.add(*at, "\"stores." + s.name + ".endpoint\" must be https: without a key, each request carries a token");
    }
}

void refuse_other_credentials(reading& r, mapping& keys, const store_traits& kind) {
    for (const auto* other : r.kinds) {
        for (const auto key : other->traits().credentials) {
            const bool own = std::ranges::find(kind.credentials, key) != kind.credentials.end();
            if (!own && !keys.taken(key) && keys.has(key)) {
                r.add(*keys.take(key),
                      "\"" + keys.full(key) + "\" means nothing in a store of type " + std::string(kind.name));
            }
        }
    }
}

} // namespace sluice::config
