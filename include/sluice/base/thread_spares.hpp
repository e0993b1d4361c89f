#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sluice {

/// Objects that are dearer to make than to keep: each thread holds up to `max` that were used, for the next who takes
/// one. Whoever keeps one has cleared it, and wiped it where it held secrets.
template <class T, std::size_t max>
class thread_spares {
public:
    /// One that was kept on this thread; `T()` where there is none.
    [[nodiscard]] static T take() {
        auto& spares = mine();
        if (spares.empty()) {
            return T();
        }
        T last = std::move(spares.back());
        spares.pop_back();
        return last;
    }

    /// Keeps `used` for this thread's next `take`, or drops it where there are `max`.
    static void keep(T used) noexcept {
        auto& spares = mine();
        if (spares.size() < max) {
            spares.push_back(std::move(used));
        }
    }

private:
    static std::vector<T>& mine() {
        thread_local std::vector<T> spares = [] {
            std::vector<T> v;
            v.reserve(max); // so that keeping one cannot throw
            return v;
        }();
        return spares;
    }
};

} // namespace sluice
