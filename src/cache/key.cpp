#include <sluice/cache/key.hpp>

#include <xxhash.h>

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
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

} // namespace

interned::interned()
    : interned(std::string_view()) {}

interned::interned(std::string_view text) {
    static std::mutex mutex;
    static std::set<std::string, std::less<>> texts; // its nodes stay where they are
    const std::lock_guard lock(mutex);
    const auto it = texts.find(text);
    text_ = it != texts.end() ? &*it : &*texts.emplace(text).first;
}

std::string object_key::hash() const {
    const std::unique_ptr<XXH3_state_t, xxh3_free> state(XXH3_createState());
    XXH3_128bits_reset(state.get());
    feed(state.get(), store);
    feed(state.get(), name);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : canonical.digest) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::size_t object_key_hash::operator()(const object_key& k) const noexcept {
    return XXH3_64bits_withSeed(k.name.data(), k.name.size(), XXH3_64bits(k.store.data(), k.store.size()));
}

} // namespace sluice::cache
