#include <sluice/cache/recent_changes.hpp>

#include <xxhash.h>

#include <algorithm>

namespace sluice::cache {

namespace {

/// Apart from the seed of an object's name, which is a hash itself.
constexpr XXH64_hash_t tag_seed = 1;

} // namespace

std::uint64_t recent_changes::id_of(std::string_view store, std::string_view name) noexcept {
    return XXH3_64bits_withSeed(name.data(), name.size(), XXH3_64bits(store.data(), store.size()));
}

std::uint64_t recent_changes::id_of(std::string_view tag) noexcept {
    return XXH3_64bits_withSeed(tag.data(), tag.size(), tag_seed);
}

void recent_changes::last_of::note(change what, std::uint64_t number) noexcept {
    (what == change::purged ? purged : invalidated) = number;
}

change recent_changes::last_of::since(std::uint64_t seen) const noexcept {
    return purged > seen ? change::purged : invalidated > seen ? change::invalidated : change::none;
}

void recent_changes::drop(const last_of& last) noexcept {
    dropped_.purged = std::max(dropped_.purged, last.purged);
    dropped_.invalidated = std::max(dropped_.invalidated, last.invalidated);
}

void recent_changes::add(std::uint64_t id, change what, std::uint64_t number, steady_clock::time_point now) {
    const auto [slot, is_new] = by_id_.try_emplace(id);
    if (is_new) {
        slot->second = entries_.insert(entries_.end(), entry{id, {}, now});
    } else {
        entries_.splice(entries_.end(), entries_, slot->second);
    }
    slot->second->last.note(what, number);
    slot->second->when = now;
    while (entries_.size() > max_entries || (!keep_old_ && entries_.front().when + max_age < now)) {
        drop(entries_.front().last);
        by_id_.erase(entries_.front().id);
        entries_.pop_front();
    }
}

void recent_changes::add_prefix(std::string_view prefix, change what, std::uint64_t number) {
    auto it = std::find_if(prefixes_.begin(), prefixes_.end(), [=](const auto& p) { return p.text == prefix; });
    if (it == prefixes_.end()) {
        prefixes_.push_back({std::string(prefix), {}});
    } else {
        std::rotate(it, it + 1, prefixes_.end()); // to the end: it changed last
    }
    prefixes_.back().last.note(what, number);
    if (prefixes_.size() > max_prefixes) {
        drop(prefixes_.front().last);
        prefixes_.erase(prefixes_.begin());
    }
}

change recent_changes::since_by_id(std::uint64_t seen, std::uint64_t id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? change::none : it->second->last.since(seen);
}

change recent_changes::since(std::uint64_t seen, std::string_view tag) const {
    change worst = std::max(dropped_.since(seen), since_by_id(seen, id_of(tag)));
    for (const auto& p : prefixes_) {
        if (tag.starts_with(p.text)) {
            worst = std::max(worst, p.last.since(seen));
        }
    }
    return worst;
}

change recent_changes::since(std::uint64_t seen, std::string_view store, std::string_view name,
                             std::string_view tags) const {
    change worst = std::max(dropped_.since(seen), since_by_id(seen, id_of(store, name)));
    for_each_tag(tags, [&](std::string_view each) { worst = std::max(worst, since(seen, each)); });
    return worst;
}

} // namespace sluice::cache
