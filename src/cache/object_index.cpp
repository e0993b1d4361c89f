#include <sluice/base/assert.hpp>
#include <sluice/cache/object_index.hpp>

#include <xxhash.h>

#include <algorithm>
#include <iterator>

namespace sluice::cache {

namespace {

/// How many tags one step of a change looks at.
constexpr std::size_t tags_a_step = 256;
/// How much of the table one step of a walk gives.
constexpr std::size_t buckets_a_step = 64;

} // namespace

std::size_t object_index::key_hash::operator()(const key_view& k) const noexcept {
    return XXH3_64bits_withSeed(k.name.data(), k.name.size(), XXH3_64bits(k.store.data(), k.store.size()));
}

object_index::object_ptr object_index::find(std::string_view store, std::string_view name) {
    const auto it = objects_.find(key_view{store, name});
    return it == objects_.end() || !apply_running(**it) ? nullptr : *it;
}

object_index::object_ptr object_index::present(std::string_view store, std::string_view name) const {
    const auto it = objects_.find(key_view{store, name});
    return it == objects_.end() ? nullptr : *it;
}

object_index::object_ptr object_index::put(const object_ptr& o, std::uint64_t number) {
    object_ptr before;
    if (const auto it = objects_.find(o); it != objects_.end()) {
        before = *it;
        erase(it);
    }
    objects_.insert(o);
    o->set_indexed_at(number);
    o->for_each_tag([&](std::string_view tag) { tags_.insert({tag, o.get()}); });
    return before;
}

bool object_index::remove(const object_ptr& o) {
    const auto it = objects_.find(o);
    if (it == objects_.end() || *it != o) {
        return false;
    }
    erase(it);
    return true;
}

void object_index::erase(table::const_iterator it) {
    (*it)->for_each_tag([&](std::string_view tag) { tags_.erase({tag, it->get()}); });
    objects_.erase(it);
}

bool object_index::add_tag(const object_ptr& o, std::string_view tag) {
    const std::string* kept = present(o->info().key) == o ? o->add_tag(tag) : nullptr;
    return kept != nullptr && tags_.insert({*kept, o.get()}).second;
}

std::optional<object_index::running_change> object_index::apply(tag_change c, std::vector<object_ptr>& changed) {
    if (step(c, changed)) {
        return std::nullopt;
    }
    return running_.insert(running_.end(), std::move(c));
}

bool object_index::resume(running_change c, std::vector<object_ptr>& changed) {
    const bool through = step(*c, changed);
    if (through) {
        running_.erase(c);
    }
    return through;
}

bool object_index::step(tag_change& c, std::vector<object_ptr>& changed) {
    auto it = c.next_object == nullptr ? tags_.lower_bound(std::string_view(c.text))
                                       : tags_.lower_bound(tagged{c.next_tag, c.next_object});
    for (std::size_t visited = 0; it != tags_.end() && c.matches(it->tag); ++visited) {
        if (visited == tags_a_step) {
            c.next_tag = it->tag;
            c.next_object = it->of;
            return false;
        }
        const tagged here = *it;
        const auto found = objects_.find(key_view{here.of->info().key.store, here.of->info().key.name});
        SLUICE_ASSERT(found != objects_.end() && found->get() == here.of);
        if ((*found)->indexed_at() < c.number && c.what == change::purged) {
            changed.push_back(*found);
            erase(found);
        } else if ((*found)->indexed_at() < c.number && (*found)->mark_changed(c.number)) {
            changed.push_back(*found);
        }
        it = tags_.upper_bound(here); // an object may have several such tags, and lives: `changed` has it
    }
    return true;
}

bool object_index::apply_running(object& o) const {
    for (const auto& c : running_) {
        bool concerned = false;
        if (o.indexed_at() < c.number) {
            o.for_each_tag([&](std::string_view tag) { concerned = concerned || c.matches(tag); });
        }
        if (concerned && c.what == change::purged) {
            return false;
        }
        if (concerned) {
            o.mark_changed(c.number);
        }
    }
    return true;
}

bool object_index::next(position& at, std::vector<object_ptr>& some) const {
    if (at.buckets != objects_.bucket_count()) {
        // Rehashed: what was behind us may be ahead, and the other way round. Better twice than never.
        at = {0, objects_.bucket_count()};
    }
    if (at.bucket >= at.buckets) {
        return false;
    }
    for (const std::size_t end = std::min(at.buckets, at.bucket + buckets_a_step); at.bucket < end; ++at.bucket) {
        std::copy(objects_.begin(at.bucket), objects_.end(at.bucket), std::back_inserter(some));
    }
    return true;
}

} // namespace sluice::cache
