#pragma once

#include <sluice/base/assert.hpp>

#include <thread>

namespace sluice {

/// The thread that made it, for classes that live on one worker: `SLUICE_ASSERT(thread_.is_this())` in what must be
/// called there. Not in destructors: what is left when a worker ends may be destroyed by the thread that joined it.
/// Remembers nothing where assertions are off (`[[no_unique_address]]` then makes it take no room).
class owning_thread {
public:
#ifdef SLUICE_ASSERTIONS
    /// Whether the caller runs on that thread; always true without assertions.
    [[nodiscard]] bool is_this() const noexcept {
        return id_ == std::this_thread::get_id();
    }

private:
    std::thread::id id_{std::this_thread::get_id()};
#else
    [[nodiscard]] static bool is_this() noexcept {
        return true;
    }
#endif
};

} // namespace sluice
