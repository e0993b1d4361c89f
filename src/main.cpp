#include <sluice/base/log.hpp>
#include <sluice/config/load.hpp>
#include <sluice/server/server.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>

namespace {

namespace config = sluice::config;

std::string environment_help() {
    std::string text = "Environment variables that stand over the file:\n";
    for (const auto& each : config::overrides()) {
        text += "  " + std::string(each.variable) + "  " + std::string(each.help) + "\n";
    }
    return text;
}

/// The whole configuration, or nullptr after its faults were printed.
std::shared_ptr<const config::config> load(const std::string& file) {
    auto loaded = config::load_file(file);
    if (const auto* faults = std::get_if<std::vector<config::fault>>(&loaded)) {
        for (const auto& each : *faults) {
            std::cerr << config::to_string(each) << '\n';
        }
        return nullptr;
    }
    return std::make_shared<const config::config>(std::move(std::get<config::config>(loaded)));
}

int serve(const std::string& file) {
    const auto settings = load(file);
    if (!settings) {
        return 1;
    }
    sluice::log::start(static_cast<sluice::log::level>(settings->log.level),
                       settings->log.format == config::log_format::json);
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

int check(const std::string& file) {
    const auto settings = load(file);
    if (!settings) {
        return 1;
    }
    for (const auto& line : config::warnings(*settings)) {
        std::cerr << file << ": warning: " << line << '\n';
    }
    std::cout << file << ": the configuration is valid\n";
    return 0;
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
    auto* check_command = app.add_subcommand("check", "Read the configuration and tell what is wrong with it");
    check_command->add_option("--config", file, "The configuration file")->required();
    check_command->callback([&] { code = check(file); });
    CLI11_PARSE(app, argc, argv);
    return code;
}
