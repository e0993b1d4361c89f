#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/proxy/location.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/unsafe_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/forwarded.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace sluice::proxy {

namespace {

void apply_keys(cache::object_cache& cache, const media::media_route& route, std::span<const path_effect> paths) {
    for (const auto& each : changed_keys(route, paths)) {
        if (each.done == effect::deleted) {
            cache.purge(each.store->identity(), each.name);
        } else {
            cache.invalidate(each.store->identity(), each.name);
        }
    }
}

void apply_tags(cache::object_cache& cache, std::string_view path, std::span<const std::string_view> names,
                effect done) {
    for (const auto& each : changed_tags(path, names, done)) {
        if (each.done == effect::deleted) {
            cache.purge_tagged(each.name);
        } else {
            cache.invalidate_tagged(each.name);
        }
    }
}

/// For what a target of this host names. Decisions first: whoever finds an object as it is to be from now on, and began
/// after that, has no leave from before.
void apply_to(services& with, const session::exchange& x, std::string_view target, effect done) {
    auto& cache = with.media.fills.cache;
    const auto path = authorize::resource_path(target);
    const auto names = relevant_names(path, with.routes);
    with.authorizer.shared.cache.invalidate(names);
    const auto paths = changed_paths(target, done);
    for (const auto& route : with.routes) {
        const bool named_by_path = !route.settings.resolve && route.settings.object_header.empty();
        if (named_by_path && !route.settings.object.empty() && takes_hosts(route, [&x] { return hosts_of(x); })) {
            apply_keys(cache, route, paths);
        }
    }
    apply_tags(cache, path, names, done);
}

/// For what the request names, and what the response to it points at.
void apply(services& with, const session::exchange& x, const named_resources& what, effect done,
           std::span<const std::string> pointed_at) {
    apply_to(with, x, x.target, done);
    for (const auto& [target, done_there] : mapped_targets(with.invalidation_rules, changed_paths(x.target, done))) {
        apply_to(with, x, target, done_there);
    }
    for (const auto& target : pointed_at) {
        apply_to(with, x, target, effect::changed);
    }
    if (what.change.all_resources && done == effect::deleted) {
        with.media.fills.cache.purge_tagged_with_prefix(what.preset->resource_prefix());
    }
}

/// The targets of this host in the response's Location and Content-Location (RFC 9111 §4.4).
std::vector<std::string> targets_in(const http::response_head& head, const session::exchange& x) {
    std::vector<std::string> targets;
    const auto& fields = x.request.fields;
    const bool forwards = session::is_trusted(x.worker.settings->trusted_proxies, x.client.remote_address());
    const std::array hosts{fields.value("host"), forwards ? fields.value("x-forwarded-host") : std::string_view()};
    for (const auto* name : {"Location", "Content-Location"}) {
        if (auto target = own_target(head.fields.value(name), hosts, x.target)) {
            targets.push_back(std::move(*target));
        }
    }
    return targets;
}

/// For what only the preset knows of. This costs subrequests and revalidations, but no cached bytes.
void apply_to_others(services& with, const session::exchange& x, const named_resources& what,
                     const relay::content_copy& content) {
    auto& decisions = with.authorizer.shared.cache;
    if (what.change.decisions == authorize::decision_scope::caller) {
        const auto caller = authorize::caller_tag_of(x, decisions);
        decisions.invalidate(std::array{std::string_view(caller)});
    } else if (what.change.decisions == authorize::decision_scope::all) {
        decisions.invalidate(std::array{what.preset->all_resources()});
        x.worker.counters.decision_generations->Increment();
    }
    if (what.change.names_in_content && content.whole) {
        for (const auto& name : what.preset->resources_in(content.text)) {
            with.media.fills.cache.invalidate_tagged(name);
        }
    }
}

/// Invalidates before anybody can see the app's response.
class unsafe_response_filter : public relay::response_filter {
public:
    unsafe_response_filter(services& with, const session::exchange& x, const named_resources& what)
        : with_(with)
        , x_(x)
        , what_(what)
        , copy_{what.preset != nullptr ? what.preset->max_content() : 0} {}
    bool on_head(const http::response_head& head, const relay::forward_progress& progress) override {
        const auto effect =
            effect_of_response(x_.request.method, head.status, what_.change.all_resources, progress.retried);
        invalidate_once(effect, targets_in(head, x_));
        return true;
    }
    http::header_list on_failure(const error& /*why*/, const relay::forward_progress& progress) override {
        invalidate_once(effect_without_response(progress.request_sent), {});
        return {};
    }
    /// Gets the request's content; nullptr where nothing follows from it.
    [[nodiscard]] relay::content_copy* content() { return what_.change.names_in_content ? &copy_ : nullptr; }

private:
    void invalidate_once(request_effect e, std::span<const std::string> pointed_at) {
        if (done_) {
            return;
        }
        done_ = true;
        if (e.named != effect::none) {
            apply(with_, x_, what_, e.named, pointed_at);
        }
        if (e.reaches_others) {
            apply_to_others(with_, x_, what_, copy_);
        }
    }

    services& with_;
    const session::exchange& x_;
    const named_resources& what_;
    relay::content_copy copy_;
    bool done_{false};
};

} // namespace

awaitable<void> relay_unsafe(services& with, session::exchange& x, const named_resources& what) {
    unsafe_response_filter filter(with, x, what);
    relay::forward_options how;
    how.filter = &filter;
    how.content = filter.content();
    how.outlives_client = what.is_relevant() ||
                          !mapped_targets(with.invalidation_rules, changed_paths(x.target, effect::changed)).empty();
    co_await relay::forward(with.app, x, how);
}

} // namespace sluice::proxy
