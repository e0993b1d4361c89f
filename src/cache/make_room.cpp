// Making room: which blocks go, and which objects.
#include <sluice/cache/object_cache.hpp>

#include <algorithm>

namespace sluice::cache {

/// Something that can be evicted: a block, or an object as a whole.
struct object_cache::candidate {
    object::evictable_block block;
    std::size_t owner{0}; ///< index into the list of objects
    bool whole{false};

    /// The least recently used first; last what a reader is about to want, of that the furthest from it first.
    [[nodiscard]] bool goes_before(const candidate& other) const noexcept {
        const auto& a = block;
        const auto& b = other.block;
        if (a.ahead != b.ahead) {
            return a.ahead == 0 || (b.ahead != 0 && a.ahead > b.ahead);
        }
        return a.used != b.used ? a.used < b.used : a.block < b.block;
    }
};

std::vector<object_cache::candidate> object_cache::candidates(std::vector<std::shared_ptr<object>>& owners) {
    std::vector<candidate> found;
    std::vector<object::evictable_block> blocks;
    const bool by_block = disk()->can_punch();
    for_each([&](const std::shared_ptr<object>& o) {
        blocks.clear();
        if (by_block && o->charged() != 0) {
            o->evictable(blocks);
            for (const auto& block : blocks) {
                found.push_back({block, owners.size(), false});
            }
        } else if (o->idle()) {
            // Without holes the unit is the whole object; and one without bytes takes room too.
            found.push_back({{0, o->last_used(), 0}, owners.size(), true});
        }
        if (!found.empty() && found.back().owner == owners.size()) {
            owners.push_back(o);
        }
        return true;
    });
    std::sort(found.begin(), found.end(), [](const candidate& a, const candidate& b) { return a.goes_before(b); });
    return found;
}

std::uint64_t object_cache::evict(std::uint64_t bytes, eviction_reason reason) {
    const mutex_lock one_at_a_time(eviction_mutex_);
    if (reason == eviction_reason::budget && budget_.used() + bytes <= budget_.limit()) {
        return 0; // the one before us made room for both
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
        const std::uint64_t given_back = !o ? 0 : c.whole ? drop_unused(o) : evict_block(o, c.block.block);
        if (given_back > 0) {
            observer_.evicted(reason);
        }
        freed += given_back;
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
        // Two owners: the index and the list that this eviction works on; any other is a request that has it in hand.
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
        return; // the one before us made place for both
    }
    struct candidate_object {
        bool in_use;
        std::uint32_t used;
        std::shared_ptr<object> it;
    };
    std::vector<candidate_object> found;
    for_each([&](const std::shared_ptr<object>& o) {
        if (o != keep) {
            found.push_back({!o->idle(), o->last_used(), o});
        }
        return true;
    });
    // A little more than asked for, so that not every new object pays for a pass over the index.
    const std::size_t goal =
        std::min<std::size_t>(found.size(), count - settings_.max_objects + settings_.max_objects / 256);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(goal), found.end(),
                      [](const candidate_object& a, const candidate_object& b) {
                          return a.in_use != b.in_use ? b.in_use : a.used < b.used;
                      });
    found.resize(goal);
    for (const auto& each : found) {
        observer_.evicted(eviction_reason::objects);
        retire(each.it);
    }
}

} // namespace sluice::cache
