#include <sluice/config/address.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/mapping.hpp>
#include <sluice/config/workers.hpp>

#include "sections.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

void read_proxies(mapping& top, config& c) {
    for (const auto& item : top.list("trusted_proxies")) {
        if (item.what != node::kind::scalar) {
            top.wrong("trusted_proxies", item, "must be a list of address blocks");
        } else if (!item.broken) {
            if (auto block = parse_cidr(item.text)) {
                c.trusted_proxies.push_back(*block);
            } else {
                top.wrong("trusted_proxies", item, block.error().detail);
            }
        }
    }
    top.read_list("strip_request_headers", c.strip_request_headers, [](std::string_view text) -> result<std::string> {
        auto name = parse_field_name(text);
        if (name && is_connection_field(*name)) {
            return bad("must not name a field that frames or routes the request, such as Host or Content-Length");
        }
        return name;
    });
}

void read_limits(reading& r, const node& where, limits& out) {
    mapping m(r, where, "limits");
    m.read_count("connections", out.connections, 1, 1'000'000);
    m.read_count("connections_per_client", out.connections_per_client, 0, 1'000'000);
    m.read_size("body_min_rate", out.body_min_rate, 0, 1ULL << 30U);
    m.read_size("send_min_rate", out.send_min_rate, 0, 1ULL << 30U);
    m.read_size("header_size", out.header_size, 4096, 1024ULL * 1024);
    m.read_duration("header_timeout", out.header_timeout, 1ms, 1h);
    m.read_duration("idle_timeout", out.idle_timeout, 1ms, 24h);
    m.read_duration("send_timeout", out.send_timeout, 1ms, 24h);
    m.read_duration("tunnel_timeout", out.tunnel_timeout, 1ms, 24h * 30);
    m.read_count("fills", out.fills, 1, 65536);
    m.read_duration("shutdown_delay", out.shutdown_delay, 0ms, 1h);
    m.read_duration("drain_timeout", out.drain_timeout, 0ms, 24h);
    m.read_size("decision_bytes", out.decision_bytes, 64ULL * 1024, 64ULL << 30U);
    m.finish();
}

void read_fallback(reading& r, const node& where, fallback& out) {
    mapping m(r, where, "fallback");
    m.read_count("concurrency", out.concurrency, 1, 100'000);
    m.read_duration("after", out.after, 1ms, 10min);
    if (const node* value = m.take("breaker")) {
        mapping breaker(r, *value, "fallback.breaker");
        breaker.read_count("failures", out.breaker_failures, 1, 1'000'000);
        breaker.read_duration("open", out.breaker_open, 1ms, 1h);
        breaker.finish();
    }
    m.finish();
}

void read_log(reading& r, const node& where, struct log& out) {
    mapping m(r, where, "log");
    m.read_choice<log_level>("level", out.level,
                             {{"debug", log_level::debug},
                              {"info", log_level::info},
                              {"warn", log_level::warn},
                              {"error", log_level::error}});
    m.read_choice<log_format>("format", out.format, {{"json", log_format::json}, {"text", log_format::text}});
    m.read_bool("access", out.access);
    m.finish();
}

void read_workers(mapping& top, const load_options& options, config& c) {
    const node* value = top.take("workers");
    const bool automatic = value == nullptr || (value->what == node::kind::scalar && value->text == "auto");
    if (!automatic) {
        top.read_count("workers", c.workers, 1, 1024);
        return;
    }
    c.workers = options.automatic_workers != 0 ? options.automatic_workers : automatic_workers();
}

config read_config(reading& r, const node& root) {
    config c;
    const node absent{};
    mapping top(r, root, "");
    const auto section = [&](std::string_view key) -> const node& {
        const node* value = top.take(key);
        return value != nullptr ? *value : absent;
    };
    read_workers(top, r.options, c);
    top.read_bool("core_dumps", c.core_dumps);
    read_addresses(r, top, c);
    read_proxies(top, c);
    read_limits(r, section("limits"), c.limits);
    read_fallback(r, section("fallback"), c.fallback);
    read_log(r, section("log"), c.log);
    read_cache(r, section("cache"), c.cache);
    read_stores(r, section("stores"), c);
    read_routes(r, top.list("routes"), c);
    read_invalidate(r, section("invalidate"), c);
    top.finish();
    return c;
}

} // namespace

loaded load_text(std::string_view text, std::string_view name, store_kinds kinds, const load_options& options) {
    node root;
    reading r{std::string(name), options, kinds, {}};
    r.diagnostics = read_yaml(text, name, root);
    if (!r.diagnostics.empty()) {
        // With duplicate keys, say, it is not known which values are meant: no further checks.
        return std::move(r.diagnostics);
    }
    apply_overrides(root, options, r.diagnostics);
    expand(root, options.environment, name, r.diagnostics);
    auto c = read_config(r, root);
    if (r.diagnostics.empty()) {
        return c;
    }
    // Errors in the file in the order of the file, then those in variables and flags.
    std::ranges::stable_sort(r.diagnostics, {},
                             [](const diagnostic& f) { return std::tuple(f.line == 0, f.line, f.column); });
    return std::move(r.diagnostics);
}

loaded load_file(const std::filesystem::path& path, store_kinds kinds, const load_options& options) {
    const auto text = read_small_file(path, yaml_limits{}.bytes);
    if (!text) {
        return std::vector<diagnostic>{{path.string(), 0, 0, "cannot be read: " + text.error().detail}};
    }
    load_options here = options;
    here.directory = path.parent_path();
    return load_text(*text, path.string(), kinds, here);
}

} // namespace sluice::config
