#include <sluice/origin/identity.hpp>
#include <sluice/sign/crypto.hpp>

#include <array>

namespace sluice::origin {

namespace {

std::string owner_of(const config::store& s, std::string_view who, std::string_view otherwise) {
    if (s.owner) {
        return *s.owner;
    }
    if (s.anonymous || !s.endpoint || s.kind->is_clouds_own(*s.endpoint)) {
        return {};
    }
    return who.empty() ? std::string(otherwise) : sign::sha256_hex(who);
}

constexpr std::size_t parts = 5;
constexpr std::size_t owner_part = 3;

/// The parts of an identity; the last one may hold what divides the others.
std::optional<std::array<std::string_view, parts>> split(std::string_view identity) noexcept {
    std::array<std::string_view, parts> found;
    for (std::size_t i = 0; i + 1 < parts; ++i) {
        const auto end = identity.find('|');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        found[i] = identity.substr(0, end);
        identity.remove_prefix(end + 1);
    }
    found[parts - 1] = identity;
    return found;
}

} // namespace

std::string bucket_identity(const config::store& s, std::string_view endpoint, std::string_view who,
                            std::string_view otherwise) {
    std::string text(s.kind->traits().name);
    text.append("|").append(endpoint);
    text.append(s.anonymous ? "|anonymous|" : "|keyed|");
    text.append(owner_of(s, who, otherwise));
    text.append("|").append(s.account.empty() ? "" : s.account + "/").append(s.bucket);
    return text;
}

std::optional<std::string_view> other_owner(std::string_view ours, std::string_view other) noexcept {
    const auto a = split(ours);
    const auto b = split(other);
    if (!a || !b) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < parts; ++i) {
        if (((*a)[i] == (*b)[i]) == (i == owner_part)) {
            return std::nullopt;
        }
    }
    return (*b)[owner_part];
}

} // namespace sluice::origin
