#include <sluice/http/content_coding.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::http {

namespace {

/// In the order of preference.
constexpr std::array<content_coding, 3> available{content_coding::zstd, content_coding::br, content_coding::gzip};

/// A qvalue in thousandths: `( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`, RFC 9110 §12.4.2.
std::optional<int> parse_weight(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) {
        return std::nullopt;
    }
    int weight = (text[0] - '0') * 1000;
    int unit = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (!is_digit(c)) {
            return std::nullopt;
        }
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

struct preference {
    std::string_view coding;
    int weight{1000};
};

/// `codings [ OWS ";" OWS "q=" qvalue ]`
std::optional<preference> parse_preference(std::string_view member) noexcept {
    const auto semicolon = member.find(';');
    preference p{trim_ows(member.substr(0, semicolon))};
    if (!is_token(p.coding)) {
        return std::nullopt;
    }
    if (semicolon == std::string_view::npos) {
        return p;
    }
    const auto parameter = trim_ows(member.substr(semicolon + 1));
    if (parameter.size() < 3 || ascii_lower(parameter[0]) != 'q' || parameter[1] != '=') {
        return std::nullopt;
    }
    const auto weight = parse_weight(parameter.substr(2));
    if (!weight) {
        return std::nullopt;
    }
    p.weight = *weight;
    return p;
}

/// What the fields say of each coding; where one is named twice the lower weight counts.
struct preferences {
    std::array<std::optional<int>, 4> named{};
    std::optional<int> any; ///< `*`

    void add(std::optional<int>& to, int weight) { to = std::min(to.value_or(weight), weight); }
    void add(const preference& p) {
        if (p.coding == "*") {
            add(any, p.weight);
            return;
        }
        for (const auto c :
             {content_coding::identity, content_coding::zstd, content_coding::br, content_coding::gzip}) {
            const bool old_name = c == content_coding::gzip && same_name(p.coding, "x-gzip"); // RFC 9110 §8.4.1.3
            if (old_name || same_name(p.coding, to_string(c))) {
                add(named[static_cast<std::size_t>(c)], p.weight);
            }
        }
    }
    [[nodiscard]] int of(content_coding c) const {
        return named[static_cast<std::size_t>(c)].value_or(c == content_coding::identity ? 0 : any.value_or(0));
    }
};

} // namespace

std::string_view to_string(content_coding c) noexcept {
    switch (c) {
    case content_coding::zstd:
        return "zstd";
    case content_coding::br:
        return "br";
    case content_coding::gzip:
        return "gzip";
    case content_coding::identity:
        break;
    }
    return "identity";
}

content_coding preferred_coding(const field_list& fields) {
    preferences preferred;
    for (const auto& field : fields.items) {
        if (!same_name(field.name, "Accept-Encoding")) {
            continue;
        }
        auto rest = field.value;
        while (const auto member = next_list_member(rest)) {
            const auto p = parse_preference(*member);
            if (!p) {
                return content_coding::identity;
            }
            preferred.add(*p);
        }
    }
    content_coding best = content_coding::identity;
    int weight = 0;
    for (const auto c : available) {
        if (preferred.of(c) > weight) {
            best = c;
            weight = preferred.of(c);
        }
    }
    return preferred.of(content_coding::identity) > weight ? content_coding::identity : best;
}

} // namespace sluice::http
