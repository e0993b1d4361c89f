#include <sluice/config/address.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/mapping.hpp>
#include <sluice/config/workers.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <tuple>

// The process's environment, POSIX environ(7).
extern "C" char** environ; // NOLINT

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view variable_prefix = "SLUICE_CFG_";

constexpr std::array<override_setting, 8> settings{{
    {"SLUICE_CFG_LISTEN", "listeners.0.address", "address of the first listener, as 0.0.0.0:8080"},
    {"SLUICE_CFG_ADMIN_ADDRESS", "admin.address", "address of the admin listener, as 127.0.0.1:9180"},
    {"SLUICE_CFG_APP_URL", "app.url", "where the app is, as http://127.0.0.1:3000"},
    {"SLUICE_CFG_WORKERS", "workers", "threads that serve connections: a number, or auto"},
    {"SLUICE_CFG_LOG_LEVEL", "log.level", "debug, info, warn or error"},
    {"SLUICE_CFG_LOG_FORMAT", "log.format", "json or text"},
    {"SLUICE_CFG_CACHE_DIRECTORY", "cache.directory", "where cached blocks are kept; empty: no cache"},
    {"SLUICE_CFG_CACHE_MAX_SIZE", "cache.max_size", "the most that the cache may take, as 20GiB"},
}};

/// Puts variables and flags over the tree, and refuses those that there are not.
void apply_overrides(node& root, const load_options& options, std::vector<fault>& faults) {
    for (const auto& [name, value] : options.environment) {
        if (!name.starts_with(variable_prefix)) {
            continue;
        }
        const auto* found = std::ranges::find(settings, std::string_view(name), &override_setting::variable);
        if (found != settings.end()) {
            overlay(root, found->key, value, name);
        } else {
            faults.push_back({name, 0, 0, "there is no such variable: see --help for those that there are"});
        }
    }
    for (const auto& [key, value] : options.flags) {
        overlay(root, key, value, "flag for " + key);
    }
}

/// A place that will be bound, and where it was written.
struct bound {
    const node* where;
    std::string name; ///< as faults call it
    endpoint address;
};

std::string quoted(const std::string& key) {
    return '"' + key + '"';
}

void read_listeners(reading& r, mapping& top, std::vector<bound>& places, config& c) {
    if (!top.has("listeners")) {
        top.take("listeners");
        c.listeners.push_back({{"0.0.0.0", 8080}});
        places.push_back({&top.where(), "the default listener 0.0.0.0:8080", c.listeners.back().address});
        return;
    }
    const auto& items = top.list("listeners");
    for (std::size_t i = 0; i < items.size(); ++i) {
        mapping m(r, items[i], "listeners[" + std::to_string(i) + "]");
        listener l;
        m.refuse({"tls"});
        if (m.need("address") != nullptr) {
            if (const node* at = m.read("address", l.address, parse_endpoint)) {
                places.push_back({at, quoted(m.full("address")), l.address});
            }
        }
        m.finish();
        c.listeners.push_back(std::move(l));
    }
    if (items.empty()) {
        const node* value = top.take("listeners");
        if (value->what == node::kind::null || value->what == node::kind::sequence) {
            r.add(*value, "\"listeners\" needs at least one listener");
        }
    }
}

void read_admin(reading& r, const node& where, std::vector<bound>& places, admin& out) {
    mapping m(r, where, "admin");
    const node* at = m.read("address", out.address, parse_endpoint);
    // Of two that collide the later is named as the fault: one that was written, where the other is a default.
    places.insert(at != nullptr ? places.end() : places.begin(),
                  {at != nullptr ? at : &where, quoted("admin.address"), out.address});
    m.read_secret("token", out.token);
    m.finish();
}

void check_places(reading& r, const std::vector<bound>& places, const std::optional<bound>& app, const url& app_url) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (collide(places[k].address, places[i].address)) {
                r.add(*places[i].where,
                      places[i].name + " is taken by " + places[k].name + ": give one of them another port");
            }
        }
        if (app && leads_to(app_url, places[i].address, r.options.own_addresses)) {
            r.add(*app->where,
                  "\"app.url\" leads back to " + places[i].name + ": correct it, or listen on another port");
        }
    }
}

std::optional<bound> read_app(reading& r, const node& where, app& out) {
    mapping m(r, where, "app");
    std::optional<bound> address;
    if (m.need("url") != nullptr) {
        if (const node* at = m.read("url", out.address, parse_url)) {
            address = bound{at, "app.url", {}};
        }
    }
    m.read_duration("connect_timeout", out.connect_timeout, 1ms, 5min);
    m.read_duration("response_timeout", out.response_timeout, 0ms, 24h);
    m.read_count("keepalive", out.keepalive, 0, 65535);
    m.read_bool("half_close", out.half_close);
    m.read_bool("via", out.via);
    m.read_bool("waiting_page", out.waiting_page);
    m.finish();
    return address;
}

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
            return bad("must not hold a field that frames the request");
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
    std::vector<bound> places;
    read_workers(top, r.options, c);
    top.read_bool("core_dumps", c.core_dumps);
    read_listeners(r, top, places, c);
    read_admin(r, section("admin"), places, c.admin);
    std::optional<bound> address;
    if (const node* value = top.need("app")) {
        address = read_app(r, *value, c.app);
    }
    check_places(r, places, address, c.app.address);
    read_proxies(top, c);
    read_limits(r, section("limits"), c.limits);
    read_fallback(r, section("fallback"), c.fallback);
    read_log(r, section("log"), c.log);
    read_cache(r, section("cache"), c.cache);
    read_stores(r, section("stores"), c);
    read_routes(r, top.list("routes"), c);
    top.finish();
    return c;
}

/// Of all interfaces that are up; none where the system does not tell.
std::vector<std::string> interface_addresses() {
    std::vector<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) {
        return found;
    }
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        const auto* at = each->ifa_addr;
        if (at != nullptr && at->sa_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(at); // NOLINT
            inet_ntop(AF_INET, &v4->sin_addr, text.data(), static_cast<socklen_t>(text.size()));
        } else if (at != nullptr && at->sa_family == AF_INET6) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(at); // NOLINT
            inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), static_cast<socklen_t>(text.size()));
        }
        if (text[0] != '\0') {
            found.emplace_back(text.data());
        }
    }
    freeifaddrs(all);
    return found;
}

} // namespace

std::string to_string(const fault& f) {
    std::string text = f.file;
    if (f.line > 0) {
        text.append(":").append(std::to_string(f.line)).append(":").append(std::to_string(f.column));
    }
    return text.append(": error: ").append(f.message);
}

std::span<const override_setting> overrides() noexcept {
    return settings;
}

load_options load_options::from_process() {
    load_options options;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (const auto equals = text.find('='); equals != std::string_view::npos) {
            options.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    options.own_addresses = interface_addresses();
    return options;
}

result<std::string> read_small_file(const std::filesystem::path& path, std::size_t most) {
    // O_NONBLOCK: opening a FIFO that nobody writes to must not hang before fstat can refuse it.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return bad(std::strerror(errno));
    }
    const struct closer {
        int fd;
        ~closer() { ::close(fd); }
    } close_at_end{fd};
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return bad("not a regular file");
    }
    std::string text(most + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(fd, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return bad(std::strerror(errno));
        }
        if (got == 0) {
            text.resize(size);
            return text;
        }
        size += static_cast<std::size_t>(got);
    }
    return bad("larger than " + std::to_string(most) + " bytes");
}

loaded load_text(std::string_view text, std::string_view name, store_kinds kinds, const load_options& options) {
    node root;
    reading r{std::string(name), options, kinds, {}};
    r.faults = read_yaml(text, name, root);
    if (!r.faults.empty()) {
        // A document with duplicate keys could be checked further, but what it says is not settled.
        return std::move(r.faults);
    }
    apply_overrides(root, options, r.faults);
    expand(root, options.environment, name, r.faults);
    auto c = read_config(r, root);
    if (r.faults.empty()) {
        return c;
    }
    // Those of the file in its order, then those of variables and flags.
    std::ranges::stable_sort(r.faults, {}, [](const fault& f) { return std::tuple(f.line == 0, f.line, f.column); });
    return std::move(r.faults);
}

loaded load_file(const std::filesystem::path& path, store_kinds kinds, const load_options& options) {
    const auto text = read_small_file(path, yaml_limits{}.bytes);
    if (!text) {
        return std::vector<fault>{{path.string(), 0, 0, "cannot be read: " + text.error().detail}};
    }
    load_options here = options;
    here.directory = path.parent_path();
    return load_text(*text, path.string(), kinds, here);
}

} // namespace sluice::config
