#include <sluice/base/text.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/units.hpp>

#include <boost/json.hpp>

namespace sluice::config {

namespace {

namespace json = boost::json;

std::string text_of(const endpoint& e) {
    return host_and_port(e.host, e.port);
}

std::string text_of(const cidr_block& block) {
    return block.to_string();
}

std::string_view text_of(log_level level) {
    switch (level) {
    case log_level::debug:
        return "debug";
    case log_level::info:
        return "info";
    case log_level::warn:
        return "warn";
    case log_level::error:
        return "error";
    }
    return "";
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) {
        out.push_back(json::string(text));
    }
    return out;
}

json::object json_of(const store& s) {
    json::object out;
    out["type"] = s.kind->traits().name;
    s.kind->redact(s, out);
    out["prefix"] = s.prefix;
    for (const auto& alias : s.aliases) {
        if (!out.contains("aliases")) {
            out["aliases"] = json::array();
        }
        out["aliases"].as_array().push_back(json::string(alias.text()));
    }
    if (!s.internal.empty()) {
        out["internal"] = s.internal;
    }
    if (is_local(s)) {
        return out;
    }
    if (s.endpoint) {
        out["endpoint"] = s.endpoint->text();
    }
    out["url_expiry"] = format_duration(s.url_expiry);
    out["connect_timeout"] = format_duration(s.connect_timeout);
    out["response_timeout"] = format_duration(s.response_timeout);
    out["hedge_after"] = format_duration(s.hedge_after);
    out["ca_file"] = s.ca_file;
    out["parallel"] = s.parallel;
    out["anonymous"] = s.anonymous;
    if (s.owner) {
        out["owner"] = *s.owner;
    }
    if (!s.anonymous) {
        out["credentials"] = s.kind->redact_credentials(s);
    }
    return out;
}

json::object json_of(const cache& c) {
    return {{"directory", c.directory},
            {"max_size", format_size(c.max_size)},
            {"min_free", format_size(c.min_free)},
            {"max_objects", c.max_objects},
            {"block_size", format_size(c.block_size)},
            {"max_age", format_duration(c.max_age)},
            {"stale_if_error", format_duration(c.stale_if_error)},
            {"stale_while_revalidate", format_duration(stale_while_revalidate_of(c))},
            {"read_ahead", format_size(c.read_ahead)},
            {"memory", format_size(c.memory)},
            {"max_share", std::to_string(c.max_share) + "%"}};
}

json::array array_of(const std::vector<unsigned>& numbers) {
    return json::array(numbers.begin(), numbers.end());
}

/// The values of fields are redacted: they may be a secret shared with the app.
json::object json_of(const required_answer& a) {
    json::object out;
    if (!a.status.empty()) {
        out["status"] = array_of(a.status);
    }
    if (!a.content_type.empty()) {
        out["content_type"] = a.content_type;
    }
    json::object fields;
    for (const auto& [name, value] : a.headers) {
        fields[name] = redacted(value);
    }
    if (!fields.empty()) {
        out["header"] = std::move(fields);
    }
    return out;
}

json::value json_of(const std::variant<authorize_none, authorize_subrequest>& a) {
    const auto* s = std::get_if<authorize_subrequest>(&a);
    if (s == nullptr) {
        return "none";
    }
    json::object out{{"ttl", format_duration(s->ttl)},
                     {"timeout", format_duration(s->timeout)},
                     {"ignore_headers", array_of(s->ignore_headers)}};
    if (!s->forward_query.empty()) {
        out["forward_query"] = array_of(s->forward_query);
    }
    if (s->same == same_question::none) {
        out["subrequest"] = s->path;
    } else {
        out["same"] = s->same == same_question::head ? "head" : "first_byte";
        out["take"] = array_of(s->take);
    }
    if (!s->accept.empty()) {
        out["accept"] = array_of(s->accept);
    }
    if (auto wanted = json_of(s->require); !wanted.empty()) {
        out["require"] = std::move(wanted);
    }
    return out;
}

json::object json_of(const resolve_pointers& p) {
    json::object out{{"object", p.object}};
    for (const auto& [key, pointer] : {std::pair<std::string_view, const std::string&>{"content_type", p.content_type},
                                       {"filename", p.filename},
                                       {"filename_fallback", p.filename_fallback},
                                       {"needed", p.needed},
                                       {"version", p.version}}) {
        if (!pointer.empty()) {
            out[key] = pointer;
        }
    }
    return out;
}

json::object json_of(const follow& f) {
    json::array statuses;
    for (const auto status : f.statuses) {
        statuses.push_back(status);
    }
    return {{"statuses", std::move(statuses)},
            {"ttl", format_duration(f.ttl)},
            {"trust", f.trust == redirect_trust::location ? "location" : "signature"}};
}

/// Where the object of a request comes from, and who is asked for it.
void add_source(json::object& out, const route& r) {
    if (r.follow) {
        out["follow"] = json_of(*r.follow);
        out["allow_inline"] = r.allow_inline;
        return;
    }
    if (r.object_header.empty()) {
        out["authorize"] = json_of(r.authorize);
    } else if (r.object_url_prefix.empty()) {
        out["object_header"] = r.object_header;
    } else {
        out["object_header"] = json::object{{"name", r.object_header}, {"url_prefix", r.object_url_prefix}};
    }
    if (r.resolve) {
        out["resolve"] = json_of(*r.resolve);
    }
    if (!r.object.empty()) {
        out["object"] = r.object;
    }
}

json::object json_of(const struct cors& c) {
    return {{"origins", c.any_origin ? json::array{"*"} : array_of(c.origins)},
            {"credentials", c.credentials},
            {"expose_headers", array_of(c.expose_headers)},
            {"max_age", format_duration(c.max_age)}};
}

json::object json_of(const route& r) {
    json::object out{{"name", r.name}};
    if (r.preset == preset::open_webui) {
        out["preset"] = "open-webui"; // what it sets is shown as well
        out["preset_options"] =
            json::object{{"bucket", r.preset_bucket == preset_bucket::recorded ? "recorded" : "configured"}};
    }
    out["path"] = r.path;
    if (!r.other_paths.empty()) {
        out["other_paths"] = array_of(r.other_paths);
    }
    if (!r.hosts.empty()) {
        out["hosts"] = array_of(r.hosts);
    }
    switch (r.query) {
    case query_policy::none:
        out["query"] = "none";
        break;
    case query_policy::any:
        out["query"] = "any";
        break;
    case query_policy::named:
        out["query"] = array_of(r.query_names);
        break;
    }
    out["store"] = r.store;
    add_source(out, r);
    out["delivery"] = r.delivery == delivery::redirect ? "redirect" : "stream";
    json::object headers;
    for (const auto& [name, value] : r.headers) {
        headers[name] = value;
    }
    out["headers"] = std::move(headers);
    if (r.type_from == type_from::store || r.type_from == type_from::app) {
        out["content_type"] = r.type_from == type_from::store ? "store" : "app";
    }
    if (!r.allowed_app_headers.empty()) {
        out["allowed_app_headers"] = array_of(r.allowed_app_headers);
    }
    if (r.max_age) {
        out["max_age"] = format_duration(*r.max_age);
    }
    if (r.stale_while_revalidate) {
        out["stale_while_revalidate"] = format_duration(*r.stale_while_revalidate);
    }
    if (r.cors) {
        out["cors"] = json_of(*r.cors);
    }
    if (r.compress) {
        out["compress"] = json::object{{"max_size", format_size(r.compress->max_size)}};
    } else {
        out["compress"] = "none";
    }
    out["immutable"] = r.immutable;
    out["server_timing"] = r.server_timing;
    return out;
}

json::object json_of(const limits& l) {
    return {{"connections", l.connections},
            {"connections_per_client", l.connections_per_client},
            {"body_min_rate", format_size(l.body_min_rate)},
            {"send_min_rate", format_size(l.send_min_rate)},
            {"header_size", format_size(l.header_size)},
            {"header_timeout", format_duration(l.header_timeout)},
            {"idle_timeout", format_duration(l.idle_timeout)},
            {"send_timeout", format_duration(l.send_timeout)},
            {"tunnel_timeout", format_duration(l.tunnel_timeout)},
            {"fills", l.fills},
            {"shutdown_delay", format_duration(l.shutdown_delay)},
            {"drain_timeout", format_duration(l.drain_timeout)},
            {"decision_bytes", format_size(l.decision_bytes)}};
}

} // namespace

std::string_view redacted(std::string_view text) noexcept {
    return text.empty() ? "" : "***";
}

std::string redacted_json(const config& c) {
    json::object out;
    out["workers"] = c.workers;
    out["core_dumps"] = c.core_dumps;
    json::array listeners;
    for (const auto& l : c.listeners) {
        listeners.push_back(json::object{{"address", text_of(l.address)}});
    }
    out["listeners"] = std::move(listeners);
    out["admin"] = json::object{{"address", text_of(c.admin.address)}, {"token", redacted(c.admin.token.reveal())}};
    out["app"] = json::object{{"url", c.app.address.text()},
                              {"connect_timeout", format_duration(c.app.connect_timeout)},
                              {"response_timeout", format_duration(c.app.response_timeout)},
                              {"keepalive", c.app.keepalive},
                              {"half_close", c.app.half_close},
                              {"via", c.app.via},
                              {"waiting_page", c.app.waiting_page}};
    json::array proxies;
    for (const auto& block : c.trusted_proxies) {
        proxies.push_back(json::string(text_of(block)));
    }
    out["trusted_proxies"] = std::move(proxies);
    out["strip_request_headers"] = array_of(c.strip_request_headers);
    out["limits"] = json_of(c.limits);
    out["fallback"] = json::object{{"concurrency", c.fallback.concurrency},
                                   {"after", format_duration(c.fallback.after)},
                                   {"breaker", json::object{{"failures", c.fallback.breaker_failures},
                                                            {"open", format_duration(c.fallback.breaker_open)}}}};
    out["log"] = json::object{{"level", text_of(c.log.level)},
                              {"format", c.log.format == log_format::json ? "json" : "text"},
                              {"access", c.log.access}};
    json::object stores;
    for (const auto& [name, s] : c.stores) {
        stores[name] = json_of(s);
    }
    out["stores"] = std::move(stores);
    out["cache"] = json_of(c.cache);
    json::array routes;
    for (const auto& r : c.routes) {
        routes.push_back(json_of(r));
    }
    out["routes"] = std::move(routes);
    json::array invalidated;
    for (const auto& each : c.invalidate) {
        invalidated.push_back(json::object{{"path", each.path}, {"target", each.target}});
    }
    out["invalidate"] = std::move(invalidated);
    return json::serialize(out);
}

} // namespace sluice::config
