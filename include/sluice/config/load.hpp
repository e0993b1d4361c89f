#pragma once

#include <sluice/base/error.hpp>
#include <sluice/config/config.hpp>
#include <sluice/config/diagnostic.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::config {

/// A setting that an environment variable or a flag may override.
struct override_setting {
    std::string_view variable; ///< `SLUICE_CFG_…`
    std::string_view key;      ///< its place in the file, as `log.level`; "0" is the first item of a list
    std::string_view help;     ///< one line for `--help`, without a full stop
};

/// All of them; they live forever.
[[nodiscard]] std::span<const override_setting> overrides() noexcept;

/// Environment variables by their names.
using variables = std::map<std::string, std::string, std::less<>>;

/// What a configuration is read with, besides its text.
struct load_options {
    /// For `${NAME}` and for `SLUICE_CFG_…`; one of the latter that `overrides` does not list is an error.
    variables environment;
    /// From the command line: the `key` of an override to its value. Override the environment.
    variables flags;
    /// What relative paths in the text start from. `load_file` takes the file's own directory instead. Paths from
    /// variables and flags start from the working directory.
    std::filesystem::path directory;
    /// What `workers: auto` becomes; 0: ask the system.
    unsigned automatic_workers{0};
    /// The numeric addresses of this host's interfaces, to find out whether `app.url` leads back to a listener.
    std::vector<std::string> own_addresses;
    /// Reads files that secrets name; empty: `read_small_file`.
    std::function<result<std::string>(const std::filesystem::path&)> read_file;

    /// The environment of this process and the addresses of this host. Not to be called while another thread changes
    /// the environment.
    [[nodiscard]] static load_options from_process();
};

/// A whole and valid configuration, or everything that is wrong with it (at least one error, at most about 100, in the
/// order of the file).
using loaded = std::variant<config, std::vector<diagnostic>>;

/// Reads and checks the configuration in `path`. Reads the files that its secrets name, and looks whether each
/// `ca_file` can be read; touches no network, no store and no cache directory. `kinds`: what a store's `type` may be
/// (`origin::store_kinds()` is the whole table).
[[nodiscard]] loaded load_file(const std::filesystem::path& path, store_kinds kinds,
                               const load_options& options = load_options::from_process());

/// The same for a text; `name` stands for the file in errors.
[[nodiscard]] loaded load_text(std::string_view text, std::string_view name, store_kinds kinds,
                               const load_options& options);

/// What is valid but dangerous, for the log at start and for `check`: signed URLs over plain http, redirects that
/// clients cannot follow or that need no permission, identity fields that no proxy may send. A line each, without a
/// full stop and without secrets.
[[nodiscard]] std::vector<std::string> warnings(const config& c);

/// Advice for `check` alone, likewise.
[[nodiscard]] std::vector<std::string> hints(const config& c);

/// The contents of a regular file of at most `max_size` bytes; links are followed. Errors: `errc::bad_config` with the
/// system's error and never the contents, and for anything but a regular file: a FIFO or a device would block or not
/// end.
[[nodiscard]] result<std::string> read_small_file(const std::filesystem::path& path,
                                                  std::size_t max_size = 64UL * 1024);

} // namespace sluice::config
