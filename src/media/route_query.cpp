#include <sluice/base/text.hpp>
#include <sluice/media/route_query.hpp>

#include <algorithm>
#include <optional>

namespace sluice::media {

namespace {

/// A parameter as it came: raw.
struct parameter {
    std::string_view whole;
    std::string_view name;
    std::string_view value;
};

/// Cuts the first parameter off `query`, which is not empty.
parameter next_parameter(std::string_view& query) noexcept {
    const auto amp = query.find('&');
    const auto whole = query.substr(0, amp);
    const auto equals = std::min(whole.find('='), whole.size());
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    return {whole, whole.substr(0, equals), whole.substr(std::min(equals + 1, whole.size()))};
}

/// The name with `+` for a space, decoded once; as it is where it cannot be.
std::string decoded_name(std::string_view raw) {
    std::string spaced(raw);
    std::ranges::replace(spaced, '+', ' ');
    auto decoded = percent_decode(spaced);
    return decoded ? std::move(*decoded) : spaced;
}

bool is_one_of(const std::vector<std::string>& names, std::string_view raw) {
    if (names.empty()) {
        return false;
    }
    const auto name = decoded_name(raw);
    return std::ranges::find(names, name) != names.end();
}

/// What is left of a name where an app is lenient: PHP cuts at `[` and at a NUL, and has `_` for `.` and spaces.
std::string lenient(std::string_view name) {
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    std::string out = to_lower(name.substr(0, name.find_first_of(std::string_view("[\0", 2))));
    std::ranges::replace_if(
        out, [](char c) { return c == '.' || c == ' '; }, '_');
    return out;
}

/// The value of the only parameter that is called `name`.
std::optional<std::string_view> only_value(std::string_view name, std::string_view query) {
    std::optional<std::string_view> found;
    const auto wanted = lenient(name);
    while (!query.empty()) {
        const auto p = next_parameter(query);
        const auto came = decoded_name(p.name);
        if (lenient(came) != wanted) {
            continue;
        }
        if (found || came != name || p.value.empty()) {
            return std::nullopt;
        }
        found = p.value;
    }
    return found;
}

} // namespace

bool query_allowed(const config::route& r, std::string_view query, bool has_query) {
    const auto* how = std::get_if<config::authorize_subrequest>(&r.authorize);
    // What is forwarded goes raw: some apps take `;` for `&`, and would be asked by another parameter than was read.
    if (how != nullptr && !how->forward_query.empty() && query.find(';') != std::string_view::npos) {
        return false;
    }
    if (r.query == config::query_policy::any) {
        return true;
    }
    const bool by_itself = !r.query_captures.empty() || (how != nullptr && !how->forward_query.empty());
    if (r.query == config::query_policy::none && !by_itself) {
        return !has_query;
    }
    while (!query.empty()) {
        const auto name = next_parameter(query).name;
        if (std::ranges::find(r.query_names, name) == r.query_names.end() && !is_one_of(r.query_captures, name) &&
            (how == nullptr || !is_one_of(how->forward_query, name))) {
            return false;
        }
    }
    return true;
}

bool take_query_captures(const std::vector<std::string>& names, std::string_view query,
                         std::vector<capture>& captures) {
    if (!names.empty() && query.find(';') != std::string_view::npos) {
        return false;
    }
    for (const auto& name : names) {
        const auto value = only_value(name, query);
        if (!value) {
            return false;
        }
        captures.push_back({name, *value, config::template_value::origin::query});
    }
    return true;
}

std::string forwarded_query(const std::vector<std::string>& names, std::string_view query) {
    std::string out;
    while (!names.empty() && !query.empty()) {
        const auto p = next_parameter(query);
        if (is_one_of(names, p.name)) {
            out.append(out.empty() ? "" : "&").append(p.whole);
        }
    }
    return out;
}

} // namespace sluice::media
