#include <sluice/authorize/object_uri.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/unsafe_request.hpp>
#include <sluice/relay/relay.hpp>

#include <array>
#include <span>

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

void apply_tags(cache::object_cache& cache, const media::media_route& route, const named_resources& what, effect done) {
    for (const auto& each : changed_tags(route.subrequest_pattern, what, done)) {
        if (each.done == effect::deleted) {
            cache.purge_tagged(each.name);
        } else {
            cache.invalidate_tagged(each.name);
        }
    }
}

/// For what the request names.
void apply(services& with, const session::exchange& x, const named_resources& what, effect done) {
    auto& cache = with.media.fills.cache;
    with.authorizer.shared.cache.invalidate(what.names);
    const auto paths = changed_paths(x.target, done);
    for (const auto& route : with.routes) {
        if (!takes_hosts(route, [&x] { return hosts_of(x); })) {
            continue;
        }
        if (route.settings.resolve) {
            apply_tags(cache, route, what, done);
        } else if (!route.settings.object.empty() && route.settings.object_header.empty()) {
            apply_keys(cache, route, paths);
        }
    }
    if (what.change.all_resources && done == effect::deleted) {
        cache.purge_tagged_with_prefix(what.preset->resource_prefix());
    }
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
        invalidate_once(
            effect_of_response(x_.request.method, head.status, what_.change.all_resources, progress.retried));
        return true;
    }
    http::header_list on_failure(const error& /*why*/, const relay::forward_progress& progress) override {
        invalidate_once(effect_without_response(progress.request_sent));
        return {};
    }
    /// Gets the request's content; nullptr where nothing follows from it.
    [[nodiscard]] relay::content_copy* content() { return what_.change.names_in_content ? &copy_ : nullptr; }

private:
    void invalidate_once(request_effect e) {
        if (done_) {
            return;
        }
        done_ = true;
        if (e.named != effect::none) {
            apply(with_, x_, what_, e.named);
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
    how.outlives_client = true;
    co_await relay::forward(with.app, x, how);
}

} // namespace sluice::proxy
