#include <sluice/config/text.hpp>
#include <sluice/config/yaml_reader.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::config {

namespace {

using variables = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t max_text = 64UL * 1024;

bool is_variable_name(std::string_view name) {
    return !name.empty() && (name.front() < '0' || name.front() > '9') && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// The value of `inside`, the text between `${` and `}`.
result<std::string> value_of(std::string_view inside, const variables& environment) {
    const auto mark = inside.find(":-");
    const auto name = inside.substr(0, mark);
    if (!is_variable_name(name)) {
        return bad("`${` must be followed by the name of a variable and `}`, or by NAME:-default and `}`");
    }
    const auto found = environment.find(name);
    if (mark != std::string_view::npos) {
        const bool set = found != environment.end() && !found->second.empty();
        return set ? found->second : std::string(inside.substr(mark + 2));
    }
    if (found == environment.end()) {
        return bad("the environment variable " + std::string(name.substr(0, 100)) + " is not set, and has no default");
    }
    return found->second;
}

result<std::string> expanded(std::string_view text, const variables& environment) {
    std::string out;
    while (true) {
        const auto dollar = text.find('$');
        out.append(text.substr(0, dollar));
        if (dollar == std::string_view::npos) {
            break;
        }
        text.remove_prefix(dollar + 1);
        if (text.starts_with('$')) {
            out.push_back('$');
            text.remove_prefix(1);
            continue;
        }
        if (!text.starts_with('{')) {
            return bad("a `$` that is meant as such is written `$$`");
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos) {
            return bad("`${` is not closed");
        }
        const auto value = value_of(text.substr(1, end - 1), environment);
        if (!value) {
            return value.error();
        }
        out.append(*value);
        if (out.size() > max_text) {
            return bad("expands to more than 64 KiB");
        }
        text.remove_prefix(end + 1);
    }
    if (!is_utf8(out)) {
        return bad("does not expand to UTF-8");
    }
    return out;
}

} // namespace

void expand(node& root, const variables& environment, std::string_view file, std::vector<diagnostic>& diagnostics) {
    if (root.what == node::kind::scalar && root.origin.empty()) {
        auto text = expanded(root.text, environment);
        if (text) {
            root.text = std::move(*text);
        } else {
            root.broken = true;
            diagnostics.push_back({std::string(file), root.line, root.column, text.error().detail});
        }
    }
    for (auto& item : root.items) {
        expand(item, environment, file, diagnostics);
    }
    for (auto& [key, value] : root.pairs) {
        expand(value, environment, file, diagnostics);
    }
}

void overlay(node& root, std::string_view path, std::string text, std::string_view origin) {
    node* at = &root;
    while (!path.empty()) {
        const auto dot = std::min(path.find('.'), path.size());
        const auto key = path.substr(0, dot);
        path.remove_prefix(std::min(dot + 1, path.size()));
        const auto wanted = key == "0" ? node::kind::sequence : node::kind::mapping;
        if (at->what == node::kind::null) {
            at->what = wanted;
        }
        if (at->what != wanted) {
            return;
        }
        node fresh;
        fresh.line = at->line;
        fresh.column = at->column;
        if (wanted == node::kind::sequence) {
            if (at->items.empty()) {
                at->items.push_back(std::move(fresh));
            }
            at = &at->items.front();
            continue;
        }
        auto found = std::ranges::find_if(at->pairs, [&](const auto& pair) { return pair.first.text == key; });
        if (found == at->pairs.end()) {
            node name = fresh;
            name.what = node::kind::scalar;
            name.text = name.written = key;
            at->pairs.push_back({std::move(name), std::move(fresh)});
            found = at->pairs.end() - 1;
        }
        at = &found->second;
    }
    *at = node{.what = node::kind::scalar,
               .line = at->line,
               .column = at->column,
               .origin = std::string(origin),
               .text = text,
               .written = text,
               .broken = false,
               .items = {},
               .pairs = {}};
}

} // namespace sluice::config
