#include <sluice/base/mutex.hpp>
#include <sluice/base/text.hpp>
#include <sluice/cache/key.hpp>

#include <xxhash.h>

#include <array>
#include <cstring>
#include <memory>
#include <set>

namespace sluice::cache {

namespace {

struct xxh3_free {
    void operator()(XXH3_state_t* s) const noexcept { XXH3_freeState(s); }
};

void feed(XXH3_state_t* state, std::string_view part) {
    const std::uint64_t length = part.size();
    XXH3_128bits_update(state, &length, sizeof length);
    XXH3_128bits_update(state, part.data(), part.size());
}

/// Every interned text; never shrinks. The nodes of the set keep their addresses.
struct text_pool {
    mutex guard;
    std::set<std::string, std::less<>> texts GUARDED_BY(guard);
};

} // namespace

interned::interned()
    : interned(std::string_view()) {}

interned::interned(std::string_view text) {
    static text_pool pool;
    const mutex_lock lock(pool.guard);
    const auto it = pool.texts.find(text);
    text_ = it != pool.texts.end() ? &*it : &*pool.texts.emplace(text).first;
}

std::string object_key::hash() const {
    const std::unique_ptr<XXH3_state_t, xxh3_free> state(XXH3_createState());
    XXH3_128bits_reset(state.get());
    feed(state.get(), store);
    feed(state.get(), name);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
    return hex(canonical.digest);
}

std::size_t object_key_hash::operator()(const object_key& k) const noexcept {
    return XXH3_64bits_withSeed(k.name.data(), k.name.size(), XXH3_64bits(k.store.data(), k.store.size()));
}

} // namespace sluice::cache
