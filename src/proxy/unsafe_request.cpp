#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/target.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/unsafe_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>

#include <algorithm>
#include <array>

namespace sluice::proxy {

namespace {

void change_object(cache::object_cache& cache, const media::media_route& route, std::string_view raw_path,
                   effect done) {
    const auto captures = route.path.match(raw_path);
    if (!captures) {
        return;
    }
    const auto form = authorize::key_form_of(route.store->settings());
    if (const auto key = media::expand_key(route.settings.object, *captures, form)) {
        if (done == effect::deleted) {
            cache.purge(route.store->identity(), key.value());
        } else {
            cache.invalidate(route.store->identity(), key.value());
        }
    }
}

/// The objects whose keys a route's template makes of the path: its own, and for what lies beneath an object, that one.
void change_by_template(cache::object_cache& cache, const media::media_route& route, std::string_view target,
                        effect done) {
    auto raw = http::split_target(target).path;
    if (!http::is_media_safe_path(raw)) {
        return;
    }
    if (raw.size() > 1 && raw.ends_with('/')) {
        change_object(cache, route, raw, done); // to some stores that is a key of its own
        raw.remove_suffix(1);
    }
    for (const auto name : authorize::with_ancestors(raw)) {
        change_object(cache, route, name, name == raw ? done : effect::changed);
    }
}

/// The objects that the app called by these names when it was asked for them.
void change_by_name(cache::object_cache& cache, const media::media_route& route, const named_resources& what,
                    effect done) {
    for (const auto name : what.names) {
        if (!route.asked_shape.matches(name)) {
            continue;
        }
        if (done == effect::deleted && name == what.path) {
            cache.purge_linked(name);
        } else {
            cache.invalidate_linked(name);
        }
    }
}

void apply(services& with, const session::exchange& x, const named_resources& what, effect done) {
    if (done == effect::none) {
        return;
    }
    auto& cache = with.media.fills.cache;
    with.authorizer.shared.kept.changed(what.names);
    for (const auto& route : with.routes) {
        if (!route.settings.object.empty()) {
            change_by_template(cache, route, x.target, done);
        } else if (route.settings.resolve) {
            change_by_name(cache, route, what, done);
        }
    }
    if (what.change.all_resources && done == effect::deleted) {
        cache.purge_linked_below(what.app->resource_prefix());
    }
}

/// What a preset's app did beyond the resource that the request names. It costs questions to the app, never bytes: what
/// is cached stays, and who asks is asked about anew.
void apply_to_others(services& with, const session::exchange& x, const named_resources& what,
                     const relay::content_copy& content) {
    auto& kept = with.authorizer.shared.kept;
    if (what.change.decisions == authorize::reach::caller) {
        const auto caller = authorize::caller_of(x, kept);
        kept.changed(std::array{std::string_view(caller)});
    } else if (what.change.decisions == authorize::reach::everybody) {
        kept.changed(std::array{what.app->all_resources()});
        x.worker.counters.decision_generations->Increment();
    }
    if (what.change.by_content && content.whole) {
        for (const auto& name : what.app->named_in(content.text)) {
            with.media.fills.cache.invalidate_linked(name);
        }
    }
}

/// Does what follows from the app's answer before anybody can see the answer.
class unsafe_response_filter : public relay::response_filter {
public:
    unsafe_response_filter(services& with, const session::exchange& x, const named_resources& what)
        : with_(with)
        , x_(x)
        , what_(what)
        , copy_{what.app != nullptr ? what.app->max_content() : 0} {}
    bool on_head(const http::response_head& head, const relay::forward_progress& progress) override {
        auto told = effect_of(x_.request.method, head.status);
        if (told == effect::changed && what_.change.all_resources) {
            told = effect::none; // a redirect to a log-in, say: of none of them in particular
        }
        // Sent twice, the first may have done what the second then found done.
        // A redirect, say to a log-in, anybody can have: it tells of no change for others.
        settle(told == effect::none && progress.retried ? effect::changed : told,
               head.status < 300 || progress.retried);
        return true;
    }
    http::header_list on_failure(const error& /*why*/, const relay::forward_progress& progress) override {
        settle(progress.request_sent ? effect::changed : effect::none, progress.request_sent);
        return {};
    }
    /// Gets the request's content; nullptr where nothing follows from it.
    [[nodiscard]] relay::content_copy* content() { return what_.change.by_content ? &copy_ : nullptr; }

private:
    void settle(effect done, bool may_reach_others) {
        if (settled_) {
            return;
        }
        settled_ = true;
        apply(with_, x_, what_, done);
        if (done != effect::none && may_reach_others) {
            apply_to_others(with_, x_, what_, copy_);
        }
    }

    services& with_;
    const session::exchange& x_;
    const named_resources& what_;
    relay::content_copy copy_;
    bool settled_{false};
};

} // namespace

bool is_unsafe(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 4> safe{"GET", "HEAD", "OPTIONS", "TRACE"};
    return std::ranges::find(safe, method) == safe.end();
}

effect effect_of(std::string_view method, unsigned status) noexcept {
    if (status >= 200 && status < 300) {
        return method == "DELETE" ? effect::deleted : effect::changed;
    }
    return status == 101 || (status >= 300 && status < 400) ? effect::changed : effect::none;
}

named_resources::named_resources(std::string_view method, std::string_view target,
                                 const std::vector<media::media_route>& routes)
    : path(authorize::resource_path(target)) {
    if (const auto* route = route_of_preset(routes); route != nullptr) {
        app = route->app;
        change = app->change_of(method, path);
    }
    for (const auto name : authorize::with_ancestors(path)) {
        const bool concerns = std::ranges::any_of(routes, [name](const media::media_route& r) {
            return r.media_shape.matches(name) || r.asked_shape.matches(name);
        });
        if (concerns) {
            names.push_back(name);
        }
    }
}

awaitable<void> relay_unsafe(services& with, session::exchange& x, const named_resources& what) {
    unsafe_response_filter filter(with, x, what);
    relay::forward_options how;
    how.filter = &filter;
    how.content = filter.content();
    how.outlives_client = true;
    co_await relay::forward(with.app, x, how);
}

} // namespace sluice::proxy
