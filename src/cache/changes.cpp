// Purges and invalidations: of what is in the index, and of what is about to come into it.
#include <sluice/cache/object_cache.hpp>

namespace sluice::cache {

/// What is being created now, and what is not loaded yet, is not in the index: both ask `recent_` about what happened
/// meanwhile.
std::uint64_t object_cache::note_change(std::uint64_t id, change what) {
    const auto number = next_change();
    recent_.add(id, what, number, steady_clock::now());
    return number;
}

void object_cache::after_change(change what, const std::shared_ptr<object>& o) {
    if (what == change::purged) {
        unlink_later(o);
    } else if (what == change::invalidated) {
        writes_.post([this, o] { write_metadata_of(o); }); // so that it holds after a crash too
    }
}

bool object_cache::has_changed_since(std::uint64_t seen, std::string_view store, std::string_view name,
                                     std::string_view tag) {
    if (seen == changes()) {
        return false;
    }
    const mutex_lock lock(mutex_);
    return recent_.since(seen, store, name, tag) != change::none;
}

void object_cache::add_purge_tag(const std::shared_ptr<object>& o, std::string_view tag, std::uint64_t seen) {
    if (tag.empty() || o->has_tag(tag)) {
        return;
    }
    change happened = change::none;
    {
        const mutex_lock lock(mutex_);
        if (!index_.add_tag(o, tag)) {
            return;
        }
        happened = seen != changes() ? recent_.since(seen, tag) : change::none;
        if (happened == change::purged) {
            index_.remove(o);
        } else if (happened == change::invalidated && !o->mark_changed(changes())) {
            happened = change::none;
        }
    }
    after_change(happened, o);
}

bool object_cache::purge(std::string_view store, std::string_view name) {
    std::shared_ptr<object> o;
    {
        const mutex_lock lock(mutex_);
        note_change(recent_changes::id_of(store, name), change::purged);
        o = index_.present(store, name);
        if (!o) {
            return false;
        }
        index_.remove(o);
    }
    after_change(change::purged, o);
    return true;
}

bool object_cache::invalidate(std::string_view store, std::string_view name) {
    std::shared_ptr<object> o;
    {
        const mutex_lock lock(mutex_);
        const auto number = note_change(recent_changes::id_of(store, name), change::invalidated);
        o = index_.present(store, name);
        if (!o) {
            return false;
        }
        if (!o->mark_changed(number)) {
            return true; // an earlier mark is on the disk already
        }
    }
    after_change(change::invalidated, o);
    return true;
}

void object_cache::expect_version(object& o, std::uint64_t version) {
    if (version == 0 || o.app_version() == version) {
        return;
    }
    const mutex_lock lock(mutex_);
    o.mark_changed(next_change()); // before the version, which tells others that it is marked
    o.set_app_version(version);
}

std::size_t object_cache::purge_tagged(std::string_view tag) {
    return apply({change::purged, false, std::string(tag)});
}

std::size_t object_cache::purge_tagged_with_prefix(std::string_view prefix) {
    return apply({change::purged, true, std::string(prefix)});
}

std::size_t object_cache::invalidate_tagged(std::string_view tag) {
    return apply({change::invalidated, false, std::string(tag)});
}

std::size_t object_cache::apply(tag_change c) {
    const change what = c.what;
    std::vector<std::shared_ptr<object>> changed;
    {
        const mutex_lock lock(mutex_);
        if (c.is_prefix) {
            c.number = next_change();
            recent_.add_prefix(c.text, what, c.number);
        } else {
            c.number = note_change(recent_changes::id_of(c.text), what);
        }
        if (const auto rest = index_.apply(std::move(c), changed)) {
            writes_.post([this, rest = *rest] { resume(rest); });
        }
    }
    for (const auto& o : changed) {
        after_change(what, o);
    }
    return changed.size();
}

/// On the pool of writes, a step at a time, so that others have their turn.
void object_cache::resume(object_index::running_change c) {
    std::vector<std::shared_ptr<object>> changed;
    const change what = c->what;
    bool through = false;
    {
        const mutex_lock lock(mutex_);
        through = index_.resume(c, changed);
    }
    for (const auto& o : changed) {
        if (what == change::purged) {
            unlink(o);
        } else {
            write_metadata_of(o);
        }
    }
    if (!through) {
        writes_.post([this, c] { resume(c); });
    }
}

} // namespace sluice::cache
