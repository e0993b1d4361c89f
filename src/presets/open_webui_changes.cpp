#include <sluice/presets/open_webui_changes.hpp>
#include <sluice/presets/open_webui_presentation.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>

namespace sluice::presets::open_webui {

namespace {

constexpr std::string_view api = "/api/v1/";

/// Takes the first segment off `rest`, with the `/` behind it.
std::string_view next_segment(std::string_view& rest) noexcept {
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return segment;
}

/// Signing in and out changes what the browser sends next, and nothing for anybody else.
decision_scope scope_of_auths(std::string_view rest) noexcept {
    constexpr std::array<std::string_view, 5> own{"signin", "signup", "signout", "ldap", "mfa"};
    const auto what = next_segment(rest);
    const bool exchange = what == "oauth" && rest.ends_with("/token/exchange");
    return exchange || std::ranges::find(own, what) != own.end() ? decision_scope::caller : decision_scope::all;
}

/// Files are reached through shared chats, and through those of a folder of the user's own.
decision_scope scope_of_chats(std::string_view method, std::string_view rest) noexcept {
    constexpr std::array<std::string_view, 3> access{"share", "shared", "folder"};
    if (method == "DELETE" && rest.find('/') == std::string_view::npos) {
        return decision_scope::all;
    }
    while (!rest.empty()) {
        if (std::ranges::find(access, next_segment(rest)) != access.end()) {
            return decision_scope::all;
        }
    }
    return decision_scope::none;
}

void add(std::vector<std::string>& paths, const boost::json::value& id) {
    if (const auto* text = id.if_string(); text != nullptr && is_uuid(*text)) {
        paths.push_back(std::string(open_webui::files).append(*text));
    }
}

} // namespace

decision_scope scope_of(std::string_view method, std::string_view path) noexcept {
    if (!path.starts_with(api)) {
        return decision_scope::none;
    }
    auto rest = path.substr(api.size());
    const auto router = next_segment(rest);
    if (router == "files") { // one that is named has decisions of its own, and about a new one there are none
        return rest == "all" ? decision_scope::all : decision_scope::none;
    }
    if (router == "auths") {
        return scope_of_auths(rest);
    }
    if (router == "chats") {
        return scope_of_chats(method, rest);
    }
    constexpr std::array<std::string_view, 8> access{"knowledge", "channels", "users",   "groups",
                                                     "models",    "notes",    "folders", "scim"};
    return std::ranges::find(access, router) != access.end() ? decision_scope::all : decision_scope::none;
}

bool content_names_files(std::string_view path) noexcept {
    constexpr std::string_view knowledge = "/api/v1/knowledge/";
    return path.starts_with(knowledge) && (path.ends_with("/file/remove") || path.ends_with("/sync/cleanup"));
}

std::vector<std::string> named_files(std::string_view content) {
    std::vector<std::string> paths;
    boost::system::error_code ec;
    const auto parsed = boost::json::parse(content, ec);
    const auto* members = ec ? nullptr : parsed.if_object();
    if (members == nullptr) {
        return paths;
    }
    if (const auto* one = members->if_contains("file_id")) {
        add(paths, *one);
    }
    const auto* more = members->if_contains("file_ids");
    if (const auto* list = more != nullptr ? more->if_array() : nullptr) {
        for (const auto& id : *list) {
            add(paths, id);
        }
    }
    return paths;
}

} // namespace sluice::presets::open_webui
