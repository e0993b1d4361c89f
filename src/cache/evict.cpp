// Evicting: which blocks go, and which objects.
#include <sluice/cache/object_cache.hpp>

#include <algorithm>

namespace sluice::cache {

std::vector<eviction_candidate> object_cache::candidates(std::vector<std::shared_ptr<object>>& owners) {
    std::vector<eviction_candidate> found;
    const bool by_block = disk()->can_punch();
    for_each([&](const std::shared_ptr<object>& o) {
        const std::size_t before = found.size();
        if (by_block && o->charged() != 0) {
            o->add_evictable(owners.size(), found);
        } else if (o->idle()) {
            // Without holes the unit is the whole object; and one without bytes takes room too.
            found.push_back({.last_use = o->last_use(), .owner = owners.size(), .is_whole_object = true});
        }
        if (found.size() != before) {
            owners.push_back(o);
        }
        return true;
    });
    policy_->rank(found, found.size());
    return found;
}

std::uint64_t object_cache::evict(std::uint64_t bytes, eviction_reason reason) {
    const mutex_lock one_at_a_time(eviction_mutex_);
    if (reason == eviction_reason::budget && budget_.used() + bytes <= budget_.limit()) {
        return 0; // the eviction before this one made enough room for both
    }
    std::vector<std::shared_ptr<object>> owners;
    const auto order = candidates(owners);
    // A little more than asked for, so that not every miss pays for a pass over the index.
    const std::uint64_t goal = std::max(bytes, reason == eviction_reason::budget ? budget_.limit() / 64 : bytes);
    std::uint64_t freed = 0;
    for (const auto& c : order) {
        if (freed >= goal) {
            break;
        }
        auto& o = owners[c.owner];
        const std::uint64_t released = !o ? 0 : c.is_whole_object ? drop_unused(o) : evict_block(o, c.block);
        if (released > 0) {
            observer_.evicted(reason);
        }
        freed += released;
    }
    return freed;
}

std::uint64_t object_cache::evict_block(std::shared_ptr<object>& o, std::size_t block) {
    const auto r = o->begin_eviction(block);
    if (r.begin == r.end) {
        return 0;
    }
    auto f = o->open_file();
    if (!f) {
        const auto opened = disk()->open_data(o->file_name());
        f = opened ? opened.value() : nullptr;
    }
    const bool done = f && disk()->punch(*f, r.begin, r.end - r.begin).has_value();
    f.reset();
    std::uint64_t freed = o->punched(r, done);
    if (o->charged() == 0) {
        freed += drop_unused(o);
    }
    return freed;
}

std::uint64_t object_cache::drop_unused(std::shared_ptr<object>& o) {
    {
        const mutex_lock lock(mutex_);
        // Two owners: the index and the list that this eviction works on; any other is a request that uses it.
        if (o.use_count() > 2 || !o->idle() || !index_.remove(o)) {
            return 0;
        }
    }
    o->retire();
    disk()->remove(o->file_name());
    const std::uint64_t freed = o->charged() + o->metadata_charge();
    o.reset(); // the last one: closes the data file, and gives the room back
    return freed;
}

void object_cache::evict_objects(const std::shared_ptr<object>& keep) {
    const mutex_lock one_at_a_time(eviction_mutex_);
    const std::size_t count = object_count();
    if (count <= settings_.max_objects) {
        return; // the eviction before this one removed enough
    }
    std::vector<std::shared_ptr<object>> owners;
    std::vector<eviction_candidate> found;
    for_each([&](const std::shared_ptr<object>& o) {
        if (o != keep) {
            found.push_back(
                {.last_use = o->last_use(), .owner = owners.size(), .in_use = !o->idle(), .is_whole_object = true});
            owners.push_back(o);
        }
        return true;
    });
    // A little more than asked for, so that not every new object pays for a pass over the index.
    const std::size_t goal =
        std::min<std::size_t>(found.size(), count - settings_.max_objects + settings_.max_objects / 256);
    policy_->rank(found, goal);
    for (std::size_t i = 0; i < goal; ++i) {
        observer_.evicted(eviction_reason::objects);
        retire(owners[found[i].owner]);
    }
}

} // namespace sluice::cache
