#include <sluice/base/text.hpp>
#include <sluice/config/text.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "parts.hpp"

#include <algorithm>

namespace sluice::identity::aws {
namespace {

error syntax_error(const std::string& path, std::size_t line, std::string_view why) {
    return no_credentials(files_name, path + ":" + std::to_string(line) + ": " + std::string(why), retryable::no,
                          error_source::internal);
}

/// AWS SDKs and Tools Reference Guide, "Shared config and credentials files": a comment after a value begins at `#` or
/// `;` behind white space.
std::string_view without_comment(std::string_view value) {
    for (std::size_t at = value.find_first_of("#;"); at != std::string_view::npos;
         at = value.find_first_of("#;", at + 1)) {
        if (at == 0 || value[at - 1] == ' ' || value[at - 1] == '\t') {
            return trimmed(value.substr(0, at));
        }
    }
    return trimmed(value);
}

/// The path that `variable` holds, else `fallback` in the home directory; "" where HOME is not set either.
std::string path_of(const environment& env, std::string_view variable, std::string_view fallback) {
    const auto home = env("HOME");
    if (auto named = env(variable)) {
        if (named->starts_with("~/") && home) {
            return *home + named->substr(1);
        }
        return *named;
    }
    return home ? *home + std::string(fallback) : std::string();
}

/// The sections of a file; none where it does not exist.
result<std::map<std::string, profile>> sections_of(const std::string& path) {
    if (path.empty()) {
        return std::map<std::string, profile>();
    }
    const auto content = read_optional_credential_file(path);
    if (!content) {
        return no_credentials(files_name, content.error().detail, retryable::yes, error_source::internal);
    }
    if (!*content) {
        return std::map<std::string, profile>();
    }
    return read_sections(path, (*content)->reveal());
}

/// `profile x` and `profile "x"` name the profile x.
bool names_profile(std::string_view section, std::string_view name) {
    constexpr std::string_view word = "profile";
    if (!section.starts_with(word) || section.size() == word.size()) {
        return false;
    }
    const auto rest = section.substr(word.size());
    auto quoted = trimmed(rest);
    if (quoted.size() == rest.size()) {
        return false; // no white space in between
    }
    if (quoted.size() >= 2 && (quoted.front() == '"' || quoted.front() == '\'') && quoted.back() == quoted.front()) {
        quoted = quoted.substr(1, quoted.size() - 2);
    }
    return quoted == name;
}

} // namespace

// Boost.PropertyTree's INI reader does not fit: it refuses a section or a name that is repeated, and takes indented
// settings, which belong to the one above (`s3 =`, `services`), for settings of the section.
result<std::map<std::string, profile>> read_sections(const std::string& path, std::string_view text) {
    std::map<std::string, profile> sections;
    profile* section = nullptr;
    std::size_t indent = std::string_view::npos; // of the previous setting
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto whole = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), whole.size() + 1));
        const auto content = trimmed(whole);
        if (content.empty() || content.front() == '#' || content.front() == ';') {
            continue;
        }
        const auto depth = static_cast<std::size_t>(content.data() - whole.data());
        if (indent != std::string_view::npos && depth > indent) {
            continue; // nested below the previous setting; no nested setting is used here
        }
        if (content.front() == '[') {
            const auto head = without_comment(content);
            if (head.size() < 3 || head.back() != ']') {
                return syntax_error(path, line, "a section header must be [name]");
            }
            section = &sections[std::string(trimmed(head.substr(1, head.size() - 2)))];
            indent = std::string_view::npos;
            continue;
        }
        const auto equals = content.find('=');
        const auto name = trimmed(content.substr(0, equals));
        if (equals == std::string_view::npos || name.empty()) {
            return syntax_error(path, line, "expected a [section] or name = value");
        }
        if (section == nullptr) {
            return syntax_error(path, line, "a setting stands before the first [section]");
        }
        indent = depth;
        (*section)[to_lower(std::string(name))] = secret(without_comment(content.substr(equals + 1)));
    }
    return sections;
}

result<std::optional<profile>> read_profile(const environment& env) {
    const auto named = env("AWS_PROFILE");
    const std::string name = named.value_or("default");
    const auto config = sections_of(path_of(env, "AWS_CONFIG_FILE", "/.aws/config"));
    if (!config) {
        return config.error();
    }
    const auto keys = sections_of(path_of(env, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"));
    if (!keys) {
        return keys.error();
    }
    std::optional<profile> found;
    const auto add = [&found](const profile& more) {
        if (!found) {
            found.emplace();
        }
        for (const auto& [setting, value] : more) {
            found->insert_or_assign(setting, value);
        }
    };
    if (name == "default" && config->contains(name)) {
        add(config->at(name));
    }
    for (const auto& [section, settings] : *config) {
        if (names_profile(section, name)) {
            add(settings);
        }
    }
    const auto at = keys->find(name);
    if (at != keys->end()) {
        add(at->second);
    }
    if (!found && named) {
        return no_credentials(
            files_name, "AWS_PROFILE names the profile " + sanitize_message(name, {}) + ", which is in neither file",
            retryable::no, error_source::internal);
    }
    return found;
}

} // namespace sluice::identity::aws
