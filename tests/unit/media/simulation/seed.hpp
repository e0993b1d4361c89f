#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace sluice::media::simulation {

/// SLUICE_TEST_SEED where it is set, to play one run again, else a new one; printed either way.
inline std::uint32_t announced_seed(const char* test) {
    const char* given = std::getenv("SLUICE_TEST_SEED");
    const auto seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
    std::printf("%s: SLUICE_TEST_SEED=%u\n", test, seed);
    return seed;
}

/// A draw that is the same with every standard library, as those of `<random>` need not be.
class draw {
public:
    explicit draw(std::uint32_t seed)
        : random_(seed) {}
    std::uint64_t below(std::uint64_t n) { return ((std::uint64_t{random_()} << 32U) | random_()) % n; }
    std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    template <class T, std::size_t N>
    const T& one_of(const T (&all)[N]) {
        return all[below(N)];
    }

private:
    std::mt19937 random_;
};

} // namespace sluice::media::simulation
