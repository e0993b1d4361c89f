#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/template_fault.hpp>
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

/// One reading of a document: what it is read with, and what is wrong with it.
struct reading {
    std::string file;
    const load_options& options;
    store_kinds kinds; ///< what a store's `type` may be
    std::vector<diagnostic> diagnostics;

    /// Adds an error at `where`. `message` names keys and never quotes a value, which may be a secret.
    void add(const node& where, std::string message);
    /// The path in `scalar`, where it is relative and from the file: from the directory of the configuration.
    [[nodiscard]] std::string path_of(const node& scalar) const;
    /// A variable of the environment; "" where it is unset, as the clouds' SDKs do not tell these apart.
    [[nodiscard]] std::string variable(std::string_view name) const;
    /// The contents of the file at the path in `path`.
    [[nodiscard]] result<std::string> contents_of(const node& path) const;
};

/// A scalar from the variable `name`, which errors about it name.
[[nodiscard]] node variable_node(std::string_view name, std::string text);

/// Reads one mapping strictly: each key is taken by whoever knows it, and `finish` refuses the rest.
///
/// The readers leave their target as it is (the default) where the key is absent, and add an error where its value is
/// not valid. Each returns the node of the value where it was read, else nullptr.
class mapping {
public:
    /// `where` must outlive this. A null node counts as an empty mapping; for scalars and sequences an error is added.
    mapping(reading& r, const node& where, std::string name);

    /// The value of `key`, or nullptr where it is absent.
    const node* take(std::string_view key);
    /// The same; where it is absent, an error is added at the mapping.
    const node* need(std::string_view key);
    /// Whether `key` is there, whatever its value.
    [[nodiscard]] bool has(std::string_view key) const;
    /// Whether `key` was taken by one of the readers.
    [[nodiscard]] bool taken(std::string_view key) const { return taken_.contains(key); }
    /// Refuses `keys` as not supported yet. Returns whether any was there.
    bool refuse(std::initializer_list<std::string_view> keys);
    /// The node of `key` where it is a scalar that can be read; else nullptr, with an error unless the key is absent.
    const node* scalar(std::string_view key);

    /// A scalar through `parse`, whose error says what the value must be.
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

    /// `true` or `false`.
    const node* read_bool(std::string_view key, bool& out) { return read(key, out, parse_bool); }
    /// Free text without control characters, 4096 bytes at most; "" where it is empty.
    const node* read_text(std::string_view key, std::string& out);
    /// A path; relative ones start from the directory of the configuration.
    const node* read_path(std::string_view key, std::string& out);
    /// A whole number from `min` to `max`.
    const node* read_count(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    /// A whole number from `min` to `max`.
    const node* read_count(std::string_view key, unsigned& out, unsigned min, unsigned max);
    /// Bytes, with or without a unit (`64MiB`), from `min` to `max`.
    const node* read_size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    /// A duration with a unit (`30s`), from `min` to `max`.
    const node* read_duration(std::string_view key, duration& out, duration min, duration max);
    /// A scalar, or `{file: PATH}`.
    const node* read_secret(std::string_view key, secret& out);

    /// One of the names of `choices`.
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
    /// A list of scalars, each through `parse`, without equal ones.
    const node* read_list(std::string_view key, std::vector<std::string>& out,
                          result<std::string> (*parse)(std::string_view));

    /// The name of `key` in messages: the path from the top, as `stores.up.bucket`.
    [[nodiscard]] std::string full(std::string_view key) const;
    /// Adds an error at `value`: the key, then `why`.
    void wrong(std::string_view key, const node& value, const std::string& why);
    /// The same, at byte `at` of the value's text where that is how it stands in the file, else at the value.
    void wrong(std::string_view key, const node& value, const template_fault& fault);
    /// Adds the error that this value of `key` is not supported yet.
    void unsupported(std::string_view key, const node& value);
    /// Refuses every key that was not taken.
    void finish();
    /// Takes every key that is left without looking at it.
    void ignore_rest() { ignored_ = true; }

    /// The node that it reads.
    [[nodiscard]] const node& where() const { return where_; }
    /// False where the node is no mapping, for which an error was added.
    [[nodiscard]] bool is_mapping() const { return !ignored_; }

private:
    reading& reading_;
    const node& where_;
    std::string name_;
    std::set<std::string, std::less<>> taken_;
    bool ignored_{false};
};

/// The node of PATH where `value` is `{file: PATH}`; else nullptr.
const node* file_of(const node& value);
/// Reads the secret at `value`, called `name` in messages. Returns false, with an error, where there is none.
bool read_secret_node(reading& r, const node& value, const std::string& name, secret& out);

} // namespace sluice::config
