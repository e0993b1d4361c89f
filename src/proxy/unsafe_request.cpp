#include <sluice/http/target.hpp>
#include <sluice/proxy/relay.hpp>
#include <sluice/proxy/resource_path.hpp>
#include <sluice/proxy/unsafe_request.hpp>

#include <algorithm>
#include <array>

namespace sluice::proxy {

namespace {

bool is_preset(const media_route& r) {
    return r.settings.preset == config::preset::open_webui;
}

void change_object(media_services& media, const media_route& route, std::string_view raw_path, effect done) {
    const auto captures = route.path.match(raw_path);
    if (!captures) {
        return;
    }
    const auto form = key_form_of(route.store->settings().type);
    if (const auto key = expand_key(route.settings.object, *captures, form)) {
        if (done == effect::deleted) {
            media.cache.purge(route.store->identity(), key.value());
        } else {
            media.cache.invalidate(route.store->identity(), key.value());
        }
    }
}

/// The objects whose keys a route's template makes of the path: its own, and for what lies beneath an object, that one.
void change_by_template(media_services& media, const media_route& route, std::string_view target, effect done) {
    auto raw = http::split_target(target).path;
    if (!http::is_media_safe_path(raw)) {
        return;
    }
    if (raw.size() > 1 && raw.ends_with('/')) {
        change_object(media, route, raw, done); // to some stores that is a key of its own
        raw.remove_suffix(1);
    }
    for (const auto name : with_ancestors(raw)) {
        change_object(media, route, name, name == raw ? done : effect::changed);
    }
}

/// The objects that the app called by these names when it was asked for them.
void change_by_name(media_services& media, const media_route& route, const named_resources& what, effect done) {
    for (const auto name : what.names) {
        if (!route.asked_shape.matches(name)) {
            continue;
        }
        if (done == effect::deleted && name == what.path) {
            media.cache.purge_linked(name);
        } else {
            media.cache.invalidate_linked(name);
        }
    }
}

void apply(const exchange& x, const named_resources& what, effect done) {
    if (done == effect::none) {
        return;
    }
    auto& media = *x.services.media;
    media.grants.changed(what.names);
    for (const auto& route : media.routes) {
        if (!route.settings.object.empty()) {
            change_by_template(media, route, x.target, done);
        } else if (route.settings.resolve) {
            change_by_name(media, route, what, done);
        }
    }
    if (what.all_files && done == effect::deleted) {
        media.cache.purge_linked_below(open_webui_files);
    }
}

/// What Open WebUI did beyond the file that the request names. It costs questions to the app, never bytes: what is
/// cached stays, and who asks is asked about anew.
void apply_to_other_files(const exchange& x, const named_resources& what, const content_copy& content) {
    auto& media = *x.services.media;
    if (what.reach == open_webui::reach::caller) {
        const auto caller = caller_of(x, media.grants);
        media.grants.changed(std::array{std::string_view(caller)});
    } else if (what.reach == open_webui::reach::everybody) {
        media.grants.changed(std::array{open_webui_all_files});
        x.services.counters.decision_generations->Increment();
    }
    if (what.by_content && content.whole) {
        for (const auto& file : open_webui::named_files(content.text)) {
            media.cache.invalidate_linked(file);
        }
    }
}

/// Does what follows from the app's answer before anybody can see the answer.
class unsafe_answer : public answer_filter {
public:
    unsafe_answer(const exchange& x, const named_resources& what)
        : x_(x)
        , what_(what) {
        for_absent_clients = true;
        content = what.by_content ? &copy_ : nullptr;
    }
    bool pass(const http::response_head& head) override {
        auto told = effect_of(x_.request.method, head.status);
        if (told == effect::changed && what_.all_files) {
            told = effect::none; // a redirect to a log-in, say: of none of them in particular
        }
        // Sent twice, the first may have done what the second then found done.
        // A redirect, say to a log-in, anybody can have: it tells of no change for others.
        settle(told == effect::none && asked_twice ? effect::changed : told, head.status < 300 || asked_twice);
        return true;
    }
    void no_answer() override { settle(handed_over ? effect::changed : effect::none, handed_over); }

private:
    void settle(effect done, bool may_reach_others) {
        if (settled_) {
            return;
        }
        settled_ = true;
        apply(x_, what_, done);
        if (done != effect::none && may_reach_others) {
            apply_to_other_files(x_, what_, copy_);
        }
    }

    const exchange& x_;
    const named_resources& what_;
    content_copy copy_{open_webui::most_content};
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

std::string caller_of(const exchange& x, const decisions& kept) {
    const auto& fields = x.request.fields;
    return kept.caller_name(fields.value("cookie"), fields.value("authorization"));
}

named_resources::named_resources(std::string_view method, std::string_view target,
                                 const std::vector<media_route>& routes)
    : path(resource_path(target)) {
    if (std::ranges::any_of(routes, is_preset)) {
        all_files = path == open_webui_all_files;
        reach = open_webui::reach_of(method, path);
        by_content = method == "POST" && open_webui::content_names_files(path);
    }
    for (const auto name : with_ancestors(path)) {
        const bool concerns = std::ranges::any_of(routes, [name](const media_route& r) {
            return r.media_shape.matches(name) || r.asked_shape.matches(name);
        });
        if (concerns) {
            names.push_back(name);
        }
    }
}

awaitable<void> relay_unsafe(exchange& x, const named_resources& what) {
    unsafe_answer answer(x, what);
    co_await relay_through(x, answer);
    answer.no_answer(); // where something was thrown
}

} // namespace sluice::proxy
