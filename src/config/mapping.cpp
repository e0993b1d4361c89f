#include <sluice/base/text.hpp>
#include <sluice/config/mapping.hpp>

#include <algorithm>

namespace sluice::config {

namespace {

const node nothing{};

/// A key for a message. What does not look like a key is not quoted: it may be a secret in the wrong place.
std::string shown(std::string_view key) {
    const bool like_a_key = !key.empty() && key.size() <= 64 && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.' || c == '<';
    });
    return like_a_key ? "\"" + std::string(key) + "\"" : "that is not a name";
}

/// As it is in the configuration, where a variable's value, which may be a secret in the wrong place, is not expanded.
std::string shown_path(const node& path) {
    constexpr std::size_t max_shown = 256;
    const std::string& text = path.written;
    return !text.empty() && text.size() <= max_shown && !has_control(text) && is_utf8(text) ? text : "its file";
}

} // namespace

void reading::add(const node& where, std::string message) {
    if (diagnostics.size() >= 100) {
        return;
    }
    if (where.origin.empty()) {
        diagnostics.push_back({file, where.line, where.column, std::move(message)});
    } else {
        diagnostics.push_back({where.origin, 0, 0, std::move(message)});
    }
}

std::string reading::path_of(const node& scalar) const {
    const std::filesystem::path path(scalar.text);
    const bool as_it_is = path.is_absolute() || !scalar.origin.empty() || options.directory.empty();
    return as_it_is ? scalar.text : (options.directory / path).string();
}

std::string reading::variable(std::string_view name) const {
    const auto found = options.environment.find(name);
    return found == options.environment.end() ? std::string() : found->second;
}

result<std::string> reading::contents_of(const node& path) const {
    const auto full_path = path_of(path);
    return options.read_file ? options.read_file(full_path) : read_small_file(full_path);
}

node variable_node(std::string_view name, std::string text) {
    node n;
    n.what = node::kind::scalar;
    n.origin = name;
    n.written = text;
    n.text = std::move(text);
    return n;
}

mapping::mapping(reading& r, const node& where, std::string name)
    : reading_(r)
    , where_(where.what == node::kind::mapping || where.what == node::kind::null ? where : nothing)
    , name_(std::move(name)) {
    if (where.what == node::kind::scalar || where.what == node::kind::sequence) {
        reading_.add(where, "\"" + name_ + "\" must be a mapping of keys to values");
        ignored_ = true;
    }
}

std::string mapping::full(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

void mapping::wrong(std::string_view key, const node& value, const std::string& why) {
    reading_.add(value, "\"" + full(key) + "\" " + why);
}

void mapping::wrong(std::string_view key, const node& value, const template_fault& fault) {
    if (fault.at == 0) {
        wrong(key, value, fault.what);
        return;
    }
    const bool as_written = value.origin.empty() && value.text_at && value.text == value.written;
    if (!as_written) {
        wrong(key, value, fault.what + " (at its byte " + std::to_string(fault.at + 1) + ")");
        return;
    }
    node at;
    at.line = value.line;
    at.column = value.column + *value.text_at + static_cast<int>(fault.at);
    wrong(key, at, fault.what);
}

void mapping::unsupported(std::string_view key, const node& value) {
    reading_.add(value, "\"" + std::string(key) + "\" is not supported yet");
}

bool mapping::has(std::string_view key) const {
    return std::ranges::any_of(where_.pairs, [&](const auto& pair) { return pair.first.text == key; });
}

const node* mapping::take(std::string_view key) {
    taken_.emplace(key);
    const auto found = std::ranges::find_if(where_.pairs, [&](const auto& pair) { return pair.first.text == key; });
    return found == where_.pairs.end() ? nullptr : &found->second;
}

const node* mapping::need(std::string_view key) {
    const node* value = take(key);
    if (value == nullptr && !ignored_) {
        reading_.add(where_, "\"" + full(key) + "\" is missing");
    }
    return value;
}

bool mapping::refuse(std::initializer_list<std::string_view> keys) {
    bool any = false;
    for (const auto& [key, value] : where_.pairs) {
        if (std::ranges::find(keys, key.text) != keys.end() && taken_.insert(key.text).second) {
            unsupported(key.text, key);
            any = true;
        }
    }
    return any;
}

const node* mapping::scalar(std::string_view key) {
    const node* value = take(key);
    if (value == nullptr || value->broken) {
        return nullptr;
    }
    if (value->what == node::kind::null) {
        wrong(key, *value, "has no value");
        return nullptr;
    }
    if (value->what != node::kind::scalar) {
        wrong(key, *value, "must be a single value");
        return nullptr;
    }
    return value;
}

const node* mapping::read_text(std::string_view key, std::string& out) {
    const node* value = scalar(key);
    if (value == nullptr) {
        return nullptr;
    }
    if (has_control(value->text) || value->text.size() > 4096) {
        wrong(key, *value, "must not hold control characters or more than 4096 bytes");
        return nullptr;
    }
    out = value->text;
    return value;
}

const node* mapping::read_path(std::string_view key, std::string& out) {
    const node* value = read_text(key, out);
    if (value != nullptr && !value->text.empty()) {
        out = reading_.path_of(*value);
    }
    return value;
}

const node* mapping::read_count(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    std::uint64_t got = 0;
    const node* value = read(key, got, parse_number);
    if (value == nullptr) {
        return nullptr;
    }
    if (got < min || got > max) {
        wrong(key, *value, "must be from " + std::to_string(min) + " to " + std::to_string(max));
        return nullptr;
    }
    out = got;
    return value;
}

const node* mapping::read_count(std::string_view key, unsigned& out, unsigned min, unsigned max) {
    std::uint64_t got = out;
    const node* value = read_count(key, got, std::uint64_t{min}, std::uint64_t{max});
    out = static_cast<unsigned>(got);
    return value;
}

const node* mapping::read_size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    std::uint64_t got = 0;
    const node* value = read(key, got, parse_size);
    if (value == nullptr) {
        return nullptr;
    }
    if (got < min || got > max) {
        wrong(key, *value, "must be from " + format_size(min) + " to " + format_size(max));
        return nullptr;
    }
    out = got;
    return value;
}

const node* mapping::read_duration(std::string_view key, duration& out, duration min, duration max) {
    duration got{0};
    const node* value = read(key, got, parse_duration);
    if (value == nullptr) {
        return nullptr;
    }
    if (got < min || got > max) {
        wrong(key, *value, "must be from " + format_duration(min) + " to " + format_duration(max));
        return nullptr;
    }
    out = got;
    return value;
}

const node* mapping::read_secret(std::string_view key, secret& out) {
    const node* value = take(key);
    return value != nullptr && read_secret_node(reading_, *value, full(key), out) ? value : nullptr;
}

const std::vector<node>& mapping::list(std::string_view key) {
    const node* value = take(key);
    if (value == nullptr || value->what == node::kind::null) {
        return nothing.items;
    }
    if (value->what != node::kind::sequence) {
        wrong(key, *value, "must be a list");
        return nothing.items;
    }
    return value->items;
}

const node* mapping::read_list(std::string_view key, std::vector<std::string>& out,
                               result<std::string> (*parse)(std::string_view)) {
    const auto& items = list(key);
    for (const auto& item : items) {
        if (item.broken) {
            continue;
        }
        if (item.what != node::kind::scalar) {
            wrong(key, item, "must be a list of single values");
            continue;
        }
        auto got = parse(item.text);
        if (!got) {
            wrong(key, item, got.error().detail);
        } else if (std::ranges::find(out, *got) != out.end()) {
            wrong(key, item, "has this item twice");
        } else {
            out.push_back(std::move(*got));
        }
    }
    return items.empty() ? nullptr : take(key);
}

void mapping::finish() {
    if (ignored_) {
        return;
    }
    for (const auto& [key, value] : where_.pairs) {
        if (taken_.insert(key.text).second) {
            const std::string in = name_.empty() ? "" : " in \"" + name_ + "\"";
            reading_.add(key, "unknown key " + shown(key.text) + in);
        }
    }
}

const node* file_of(const node& value) {
    const bool is_file = value.what == node::kind::mapping && value.pairs.size() == 1 &&
                         value.pairs.front().first.text == "file" &&
                         value.pairs.front().second.what == node::kind::scalar;
    return is_file ? &value.pairs.front().second : nullptr;
}

bool read_secret_node(reading& r, const node& value, const std::string& name, secret& out) {
    const auto wrong = [&](const node& where, const std::string& why) {
        r.add(where, "\"" + name + "\" " + why);
        return false;
    };
    const auto accept = [&](std::string_view text) {
        // A line break means a file of another kind; no field of a request could hold it either.
        if (has_control(text) || text.size() > 16UL * 1024) {
            return wrong(value, "must not hold control characters or more than 16 KiB");
        }
        out = secret(text);
        return true;
    };
    if (value.broken) {
        return false;
    }
    if (value.what == node::kind::scalar) {
        return accept(value.text);
    }
    const node* path = file_of(value);
    if (path == nullptr) {
        return wrong(value, "must be a string or {file: PATH}"); // keys are not quoted: the secret may be among them
    }
    if (path->broken) {
        return false;
    }
    const auto contents = r.contents_of(*path);
    if (!contents) {
        return wrong(*path, "cannot be read from " + shown_path(*path) + ": " + contents.error().detail);
    }
    std::string_view text = *contents;
    text = text.substr(0, text.find_last_not_of("\r\n") + 1); // npos + 1 is 0: nothing but line ends
    if (text.empty()) {
        return wrong(*path, "names an empty file");
    }
    return accept(text);
}

} // namespace sluice::config
