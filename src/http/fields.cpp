#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace sluice::http {
namespace {

constexpr auto token_table = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 'a'; c <= 'z'; ++c)
        table[c] = table[c - 'a' + 'A'] = true;
    for (unsigned c = '0'; c <= '9'; ++c)
        table[c] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

constexpr std::array<std::string_view, 8> owned{"Forwarded",        "X-Forwarded-For",  "X-Forwarded-Proto",
                                                "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP",
                                                "X-Original-URI",   "X-Original-Method"};

constexpr std::array<std::string_view, 8> ends_here{"Connection", "Proxy-Connection",  "Keep-Alive", "TE",
                                                    "Trailer",    "Transfer-Encoding", "Upgrade",    "HTTP2-Settings"};

constexpr std::array<std::string_view, 4> never_nominated{"Host", "Cookie", "Authorization", "Content-Length"};

template <class Range>
bool contains_folded(const Range& names, std::string_view name) noexcept {
    return std::ranges::any_of(names, [name](std::string_view other) { return same_name_folded(name, other); });
}

/// In a field's value (RFC 9110 §5.5).
constexpr bool is_forbidden(char c) noexcept {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

constexpr char fold(char c) noexcept {
    return c == '_' ? '-' : ascii_lower(c);
}

/// An order of names in which those that are the same (`same_name`) are next to each other.
bool before(std::string_view a, std::string_view b) noexcept {
    return a.size() != b.size() ? a.size() < b.size()
                                : std::ranges::lexicographical_compare(a, b, {}, ascii_lower, ascii_lower);
}

} // namespace

bool is_token_char(char c) noexcept {
    return token_table[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) noexcept {
    bool all = !text.empty();
    for (const char c : text) {
        all &= is_token_char(c);
    }
    return all;
}

bool is_field_value(std::string_view value) noexcept {
    // Eight bytes at a time: a byte below 0x20 or equal to 0x7f sets the high bit of its lane. Only a word that has one
    // is looked at more closely, for the tab that is allowed; a borrow can only follow a byte that was found.
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = 0x80 * ones;
    const auto suspicious = [](std::uint64_t word) {
        const std::uint64_t rubout = word ^ (0x7f * ones);
        return (((word - 0x20 * ones) & ~word) | ((rubout - ones) & ~rubout)) & high;
    };
    while (value.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, value.data(), sizeof word);
        if (suspicious(word) != 0 && !std::ranges::none_of(value.substr(0, sizeof word), is_forbidden)) {
            return false;
        }
        value.remove_prefix(sizeof word);
    }
    return std::ranges::none_of(value, is_forbidden);
}

std::string_view trim_ows(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return text.substr(0, 0);
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> next_list_member(std::string_view& rest) noexcept {
    while (!rest.empty()) {
        std::size_t end = 0;
        for (bool quoted = false; end != rest.size() && (quoted || rest[end] != ','); ++end) {
            if (rest[end] == '"')
                quoted = !quoted;
            else if (quoted && rest[end] == '\\' && end + 1 != rest.size())
                ++end;
        }
        const auto member = trim_ows(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!member.empty())
            return member;
    }
    return std::nullopt;
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
    while (const auto member = next_list_member(list)) {
        if (same_name(*member, token))
            return true;
    }
    return false;
}

bool same_name_folded(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, fold, fold);
}

std::span<const std::string_view> owned_names() noexcept {
    return owned;
}

bool is_owned_name(std::string_view name, std::span<const std::string> more) noexcept {
    return contains_folded(owned, name) || contains_folded(more, name);
}

hop_by_hop::hop_by_hop(const field_list& fields, std::span<const std::string> protected_names) {
    for (const auto& field : fields.items) {
        if (!same_name(field.name, "connection"))
            continue;
        auto rest = field.value;
        while (const auto option = next_list_member(rest)) {
            if (same_name(*option, "close") || contains_folded(ends_here, *option) ||
                contains_folded(never_nominated, *option) || is_owned_name(*option, protected_names))
                continue;
            nominated_.push_back(*option);
        }
    }
    if (nominated_.size() > 1) { // a client may nominate as many as its head has room for
        std::ranges::sort(nominated_, before);
    }
}

bool hop_by_hop::strips(std::string_view name) const noexcept {
    if (contains_folded(ends_here, name))
        return true;
    if (same_name_folded(name, "content-length") && !same_name(name, "content-length"))
        return true;
    return std::ranges::binary_search(nominated_, name, before);
}

bool append_field(std::string& out, std::string_view name, std::string_view value) {
    if (!is_token(name) || !is_field_value(value))
        return false;
    out.append(name).append(": ").append(value).append("\r\n");
    return true;
}

std::string_view path_without_query(std::string_view target) noexcept {
    const auto path = target.substr(0, std::min(target.find('?'), target.find('#')));
    if (path.starts_with('/'))
        return path;
    const auto scheme = path.find("://");
    if (scheme == std::string_view::npos)
        return path.find('@') == std::string_view::npos ? path : path.substr(path.size());
    const auto slash = path.find('/', scheme + 3);
    return slash == std::string_view::npos ? path.substr(path.size()) : path.substr(slash);
}

bool is_one_of(std::span<const std::string> names, std::string_view name) noexcept {
    return std::ranges::any_of(names, [name](const auto& one) { return same_name_folded(name, one); });
}

} // namespace sluice::http
