// Purges and invalidations: what is in the table, and what is about to come into it.
#include <sluice/cache/object_cache.hpp>

namespace sluice::cache {

namespace {

/// How many objects are changed under one lock, and by a worker itself.
constexpr std::size_t changes_a_step = 256;

} // namespace

std::shared_ptr<object> object_cache::put_in(const std::shared_ptr<object>& o) {
    std::shared_ptr<object> before;
    const auto it = objects_.find(o);
    if (it != objects_.end()) {
        before = *it;
        take_out(it);
    }
    objects_.insert(o);
    o->set_born(changes());
    auto& links = links_; // the analysis does not know that the lambda runs with the mutex held
    o->for_each_name([&links, &o](std::string_view name) { links.insert({name, o.get()}); });
    return before;
}

void object_cache::take_out(table::iterator it) {
    auto& links = links_;
    (*it)->for_each_name([&links, it](std::string_view name) { links.erase({name, it->get()}); });
    objects_.erase(it);
}

void object_cache::link(const std::shared_ptr<object>& o, std::string_view app_name, std::uint64_t seen) {
    if (app_name.empty() || o->is_linked(app_name)) {
        return;
    }
    change happened = change::none;
    {
        const mutex_lock lock(mutex_);
        const auto it = objects_.find(o);
        const std::string* kept = it == objects_.end() || *it != o ? nullptr : o->link(app_name);
        if (kept == nullptr) {
            return;
        }
        links_.insert({*kept, o.get()});
        happened = seen != changes() ? recent_.since(seen, app_name) : change::none;
        if (happened == change::purged) {
            take_out(it);
        } else if (happened == change::invalidated && !o->mark_changed(changes())) {
            happened = change::none;
        }
    }
    after_change(happened, o);
}

/// What is being created now, and what is not loaded yet, is not in the table: both are judged by what is kept here.
std::uint64_t object_cache::note_change(std::uint64_t id, change what) {
    const auto number = changes_.fetch_add(1, std::memory_order_acq_rel) + 1;
    recent_.add(id, what, number, steady_clock::now());
    return number;
}

void object_cache::after_change(change what, const std::shared_ptr<object>& o) {
    if (what == change::purged) {
        forget(o);
    } else if (what == change::invalidated) {
        writes_.post([this, o] { write_metadata_of(o); }); // so that it holds after a crash too
    }
}

bool object_cache::purge(std::string_view store, std::string_view name) {
    std::shared_ptr<object> o;
    {
        const mutex_lock lock(mutex_);
        note_change(recent_changes::id_of(store, name), change::purged);
        const auto it = objects_.find(view_key{store, name});
        if (it == objects_.end()) {
            return false;
        }
        o = *it;
        take_out(it);
    }
    forget(o);
    return true;
}

bool object_cache::invalidate(std::string_view store, std::string_view name) {
    std::shared_ptr<object> o;
    {
        const mutex_lock lock(mutex_);
        const auto number = note_change(recent_changes::id_of(store, name), change::invalidated);
        const auto it = objects_.find(view_key{store, name});
        if (it == objects_.end()) {
            return false;
        }
        o = *it;
        if (!o->mark_changed(number)) {
            return true; // it is known on the disk already
        }
    }
    after_change(change::invalidated, o);
    return true;
}

std::size_t object_cache::purge_linked(std::string_view app_name) {
    return begin_sweep({change::purged, false, std::string(app_name), 0});
}

std::size_t object_cache::purge_linked_below(std::string_view prefix) {
    return begin_sweep({change::purged, true, std::string(prefix), 0});
}

std::size_t object_cache::invalidate_linked(std::string_view app_name) {
    return begin_sweep({change::invalidated, false, std::string(app_name), 0});
}

std::size_t object_cache::begin_sweep(sweep s) {
    const change what = s.what;
    std::vector<std::shared_ptr<object>> changed;
    std::list<sweep> rest;
    {
        const mutex_lock lock(mutex_);
        if (s.is_prefix) {
            s.number = changes_.fetch_add(1, std::memory_order_acq_rel) + 1;
            recent_.add_prefix(s.text, what, s.number);
        } else {
            s.number = note_change(recent_changes::id_of(s.text), what);
        }
        if (!step(s, changed)) {
            rest.push_back(std::move(s));
            sweeps_.splice(sweeps_.end(), rest);
            writes_.post([this, it = std::prev(sweeps_.end())] { go_on(it); });
        }
    }
    for (const auto& o : changed) {
        after_change(what, o);
    }
    return changed.size();
}

/// On the pool of writes, a step at a time, so that others have their turn.
void object_cache::go_on(std::list<sweep>::iterator s) {
    std::vector<std::shared_ptr<object>> changed;
    const change what = s->what;
    bool through = false;
    {
        const mutex_lock lock(mutex_);
        through = step(*s, changed);
        if (through) {
            sweeps_.erase(s);
        }
    }
    for (const auto& o : changed) {
        if (what == change::purged) {
            unlink(o);
        } else {
            write_metadata_of(o);
        }
    }
    if (!through) {
        writes_.post([this, s] { go_on(s); });
    }
}

bool object_cache::step(sweep& s, std::vector<std::shared_ptr<object>>& changed) {
    auto it = s.next == nullptr ? links_.lower_bound(std::string_view(s.text))
                                : links_.lower_bound(linked{s.next_name, s.next});
    for (std::size_t visited = 0; it != links_.end() && s.takes(it->name); ++visited) {
        if (visited == changes_a_step) {
            s.next_name = it->name;
            s.next = it->of;
            return false;
        }
        const linked here = *it;
        const auto found = objects_.find(key_of(here.of->info().key));
        if (here.of->born() < s.number && s.what == change::purged) {
            changed.push_back(*found);
            take_out(found);
        } else if (here.of->born() < s.number && here.of->mark_changed(s.number)) {
            changed.push_back(*found);
        }
        it = links_.upper_bound(here); // an object may have several such names, and lives: `changed` has it
    }
    return true;
}

bool object_cache::settle(const std::shared_ptr<object>& o) {
    for (const auto& s : sweeps_) {
        bool taken = false;
        if (o->born() < s.number) {
            o->for_each_name([&](std::string_view name) { taken = taken || s.takes(name); });
        }
        if (taken && s.what == change::purged) {
            return false;
        }
        if (taken) {
            o->mark_changed(s.number);
        }
    }
    return true;
}

} // namespace sluice::cache
