#include <sluice/base/core_dumps.hpp>
#include <sluice/base/log.hpp>
#include <sluice/commands/cache_volume.hpp>
#include <sluice/commands/check_online.hpp>
#include <sluice/commands/sign_url.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/text.hpp>
#include <sluice/config/units.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/origin/kinds/table.hpp>
#include <sluice/server/server.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace config = sluice::config;

std::string environment_help() {
    std::string text = "Environment variables that override the file:\n";
    for (const auto& each : config::overrides()) {
        text += "  " + std::string(each.variable) + "  " + std::string(each.help) + "\n";
    }
    return text;
}

/// The whole configuration, or nullptr after its faults were printed.
std::shared_ptr<const config::config> load(const std::string& file) {
    auto loaded = config::load_file(file, sluice::origin::store_kinds());
    if (const auto* faults = std::get_if<std::vector<config::diagnostic>>(&loaded)) {
        for (const auto& each : *faults) {
            std::cerr << config::to_string(each) << '\n';
        }
        return nullptr;
    }
    auto settings = std::make_shared<const config::config>(std::move(std::get<config::config>(loaded)));
    if (!settings->core_dumps) {
        sluice::forbid_core_dumps();
    }
    return settings;
}

/// What `serve` and `check` warn of: in the configuration, and in the file system as it is now.
std::vector<std::string> all_warnings(const config::config& settings) {
    auto lines = config::warnings(settings);
    std::ranges::move(sluice::commands::unreadable_roots(settings), std::back_inserter(lines));
    std::ranges::move(sluice::commands::limits_beyond_volume(settings.cache), std::back_inserter(lines));
    return lines;
}

std::string store_names(const config::config& settings) {
    std::string names;
    for (const auto& [name, store] : settings.stores) {
        names.append(names.empty() ? "" : ", ").append(name);
    }
    return names;
}

int serve(const std::string& file) {
    const auto settings = load(file);
    if (!settings) {
        return 1;
    }
    sluice::log::start(static_cast<sluice::log::level>(settings->log.level),
                       settings->log.format == config::log_format::json);
    sluice::log::info("starting", {{"version", SLUICE_VERSION},
                                   {"config", file},
                                   {"workers", settings->workers},
                                   {"stores", store_names(*settings)}});
    for (const auto& line : all_warnings(*settings)) {
        sluice::log::warn("configuration warning", {{"warning", line}});
    }
    int code = 1;
    try {
        code = sluice::server::serve(settings);
    } catch (const std::exception& e) {
        sluice::log::error("cannot start", {{"error", e.what()}});
        std::cerr << "sluice: " << e.what() << '\n';
    }
    sluice::log::stop();
    return code;
}

int check(const std::string& file, bool online) {
    const auto settings = load(file);
    if (!settings) {
        return 1;
    }
    for (const auto& store : settings->unusable_stores) { // with which `serve` starts
        for (const auto& each : store.diagnostics) {
            std::cerr << config::to_string(each) << '\n';
        }
    }
    for (const auto& line : all_warnings(*settings)) {
        std::cerr << file << ": warning: " << line << '\n';
    }
    for (const auto& line : config::hints(*settings)) {
        std::cerr << file << ": hint: " << line << '\n';
    }
    if (const auto proxies = sluice::net::proxy_settings::from_process(); !proxies) {
        std::cerr << "sluice: " << proxies.error().detail << '\n';
        return 1;
    }
    const bool usable = sluice::commands::check_stores(*settings, std::cerr);
    if (!usable || !settings->unusable_stores.empty()) {
        return 1;
    }
    std::cout << file << ": the configuration is valid\n";
    if (!online) {
        return 0;
    }
    sluice::log::silence();
    try {
        return sluice::commands::check_online(*settings, std::cout) ? 0 : 1;
    } catch (const std::exception& e) {
        std::cerr << "sluice: " << e.what() << '\n';
        return 1;
    }
}

/// What stands on the command line of `sluice sign`, unread.
struct sign_arguments {
    std::string uri;
    std::string expires;
    std::string method{"GET"};
    std::string content_type;
    std::string disposition;
    std::string time;
};

int refuse(const std::string& option, std::string_view why) {
    std::cerr << "sluice: " << option << ' ' << why << '\n';
    return 1;
}

int sign(const std::string& file, const sign_arguments& given) {
    sluice::commands::sign_request what{given.uri, {}, {}};
    what.method = given.method == "HEAD" ? sluice::sign::method::head : sluice::sign::method::get;
    if (!given.expires.empty()) {
        const auto life = config::parse_duration(given.expires);
        if (!life || *life < std::chrono::seconds(1)) {
            return refuse("--expires", life ? "must be at least 1s" : life.error().detail);
        }
        what.options.expires = std::chrono::duration_cast<std::chrono::seconds>(*life);
    }
    if (!given.time.empty()) {
        what.options.at = sluice::identity::parse_rfc3339(given.time);
        if (!what.options.at) {
            return refuse("--time", "must be a time as in 2026-01-15T13:34:56Z");
        }
        if (given.time.substr(0, 4) > "2261") { // which the clock cannot hold
            return refuse("--time", "must not be after the year 2261");
        }
    }
    const auto put = [](const std::string& option, const std::string& text, std::string& out) {
        const auto good = text.empty() ? sluice::result<std::string>(text) : config::parse_field_value(text);
        out = good ? text : "";
        return good || refuse(option, good.error().detail) == 0;
    };
    if (!put("--response-content-type", given.content_type, what.options.response_content_type) ||
        !put("--response-content-disposition", given.disposition, what.options.response_content_disposition)) {
        return 1;
    }
    const auto settings = load(file);
    sluice::log::silence();
    return settings ? sluice::commands::sign_url(*settings, what, std::cout, std::cerr) : 1;
}

void add_sign(CLI::App& app, std::string& file, sign_arguments& given, int& code) {
    auto* command = app.add_subcommand("sign", "Print a signed URL of an object");
    command->add_option("URI", given.uri, "The object, as in s3://bucket/key")->required();
    command->add_option("--config", file, "The configuration file")->required();
    command->add_option("--expires", given.expires, "The URL's life, as in 1h; else the store's url_expiry");
    command->add_option("--method", given.method, "GET or HEAD")->check(CLI::IsMember({"GET", "HEAD"}));
    command->add_option("--response-content-type", given.content_type, "What the store answers as Content-Type");
    command->add_option("--response-content-disposition", given.disposition, "And as Content-Disposition");
    command->add_option("--time", given.time, "Sign as of this time, e.g. 2026-01-15T13:34:56Z");
    command->callback([&] { code = sign(file, given); });
}

bool has_command(CLI::App& app, std::string_view name) {
    return !app.get_subcommands([name](const CLI::App* each) { return each->get_name() == name; }).empty();
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Sluice: streams media from object storage, in front of an app that stays as it is.", "sluice");
    app.set_version_flag("--version", "sluice " SLUICE_VERSION);
    app.footer(environment_help());
    app.require_subcommand(1);
    std::string file;
    int code = 0;
    auto* serve_command = app.add_subcommand("serve", "Run the proxy");
    serve_command->add_option("--config", file, "The configuration file")->required();
    serve_command->footer(environment_help());
    serve_command->callback([&] { code = serve(file); });
    auto* check_command = app.add_subcommand("check", "Validate the configuration");
    check_command->add_option("--config", file, "The configuration file")->required();
    bool online = false;
    check_command->add_flag("--online", online,
                            "Also ask each store whether it may be read, and the app whether it refuses");
    check_command->callback([&] { code = check(file, online); });
    sign_arguments signing;
    add_sign(app, file, signing, code);
    if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
        std::cerr << "sluice: there is no command \"" << argv[1]
                  << "\", only serve, check and sign: see sluice --help\n";
        return static_cast<int>(CLI::ExitCodes::ExtrasError); // CLI11 would name no word
    }
    CLI11_PARSE(app, argc, argv);
    return code;
}
