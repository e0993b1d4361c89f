#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/text.hpp>
#include <sluice/config/units.hpp>
#include <sluice/config/yaml_reader.hpp>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

/// One reading of a document: where faults go, and what files are read with.
struct reading {
    std::string file;
    const load_options& options;
    store_kinds kinds; ///< what a store's `type` may be
    std::vector<fault> faults;

    /// Adds a fault at `where`. `message` names keys and never quotes a value: values may be secrets.
    void add(const node& where, std::string message);
    /// A path of the file, from the directory that relative ones start from.
    [[nodiscard]] std::string path_of(const node& scalar) const;
    /// A variable of the environment; "" where it is unset, which the clouds' SDKs take as the same as empty.
    [[nodiscard]] std::string variable(std::string_view name) const;
    /// The text of a file that a secret names at `path`, as it is.
    [[nodiscard]] result<std::string> contents_of(const node& path) const;
};

/// A scalar that came from the variable `name`, so that faults name it.
[[nodiscard]] node variable_node(std::string_view name, std::string text);

/// Reads one mapping strictly: each key is taken by whoever knows it, and `finish` refuses the rest.
///
/// A reader below leaves its target as it is (the default) where the key is absent, and adds a fault where its value is
/// not what it must be. Each returns the value's node where the key is there with a readable value, else nullptr.
class mapping {
public:
    /// `where` must outlive this. A null node is a mapping without keys; anything else that is none is a fault.
    mapping(reading& r, const node& where, std::string name);

    /// The value of `key`, or nullptr where it is absent.
    const node* take(std::string_view key);
    /// The same; absence is a fault at the mapping's own place.
    const node* need(std::string_view key);
    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] bool taken(std::string_view key) const { return taken_.contains(key); }
    /// Refuses each of `keys` that is there as not supported yet. True where any was.
    bool refuse(std::initializer_list<std::string_view> keys);
    /// Refuses `key` unless its text reads as `same`: a key that is known but not supported yet in any other setting.
    template <class T>
    void refuse_unless(std::string_view key, const T& same, result<T> (*parse)(std::string_view)) {
        const node* value = scalar(key);
        if (value == nullptr) {
            return;
        }
        if (const auto got = parse(value->text); !got) {
            wrong(key, *value, got.error().detail);
        } else if (*got != same) {
            unsupported(key, *value);
        }
    }

    /// A scalar's node, its value being there and readable.
    const node* scalar(std::string_view key);

    template <class T>
    const node* read(std::string_view key, T& out, result<T> (*parse)(std::string_view)) {
        const node* value = scalar(key);
        if (value == nullptr) {
            return nullptr;
        }
        auto got = parse(value->text);
        if (!got) {
            wrong(key, *value, got.error().detail);
            return nullptr;
        }
        out = std::move(*got);
        return value;
    }

    const node* read_bool(std::string_view key, bool& out) { return read(key, out, parse_bool); }
    /// Free text without control characters, 4096 bytes at most; "" where it is empty.
    const node* read_text(std::string_view key, std::string& out);
    /// A path, made to start from the configuration's directory.
    const node* read_path(std::string_view key, std::string& out);
    const node* read_count(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    const node* read_count(std::string_view key, unsigned& out, unsigned min, unsigned max);
    const node* read_size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    const node* read_duration(std::string_view key, duration& out, duration min, duration max);
    /// A scalar, or `{file: PATH}`.
    const node* read_secret(std::string_view key, secret& out);

    template <class E>
    const node* read_choice(std::string_view key, E& out,
                            std::initializer_list<std::pair<std::string_view, E>> choices) {
        const node* value = scalar(key);
        if (value == nullptr) {
            return nullptr;
        }
        std::string names;
        for (const auto& [name, choice] : choices) {
            if (value->text == name) {
                out = choice;
                return value;
            }
            names.append(names.empty() ? "" : ", ").append(name);
        }
        wrong(key, *value, "must be one of " + names);
        return nullptr;
    }

    /// The items of a list; none where the key is absent or null.
    const std::vector<node>& list(std::string_view key);
    /// A list of scalars, each through `parse`; equal ones are a fault.
    const node* read_list(std::string_view key, std::vector<std::string>& out,
                          result<std::string> (*parse)(std::string_view));

    /// The name of `key` in messages: with the mapping's own in front.
    [[nodiscard]] std::string full(std::string_view key) const;
    void wrong(std::string_view key, const node& value, const std::string& why);
    void unsupported(std::string_view key, const node& value);
    /// Refuses every key that was not taken.
    void finish();
    /// Takes every key that is left without looking at it.
    void ignore_rest() { ignored_ = true; }

    [[nodiscard]] const node& where() const { return where_; }
    /// False where it is no mapping, which was said.
    [[nodiscard]] bool is_mapping() const { return !ignored_; }

private:
    reading& reading_;
    const node& where_;
    std::string name_;
    std::set<std::string, std::less<>> taken_;
    bool ignored_{false};
};

/// The path's node in a secret that is written `{file: PATH}`; nullptr where `value` is anything else.
const node* file_of(const node& value);
/// Reads the text of a secret at `value`, named `name` in messages. False where there is none.
bool read_secret_node(reading& r, const node& value, const std::string& name, secret& out);

/// The parts of the configuration. Each adds its faults and leaves `c` half filled where there are any.
void read_stores(reading& r, const node& where, config& c);
/// One store, named by `key`.
void read_store(reading& r, const node& key, const node& where, config& c);
void read_routes(reading& r, const std::vector<node>& items, config& c);
void read_cache(reading& r, const node& where, cache& out);

} // namespace sluice::config
