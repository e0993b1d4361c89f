#include <sluice/base/core_dumps.hpp>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {

void forbid_core_dumps() noexcept {
    const rlimit none{0, 0};
    static_cast<void>(setrlimit(RLIMIT_CORE, &none));      // what follows a path
    static_cast<void>(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); // what is piped to a program, which no limit stops
}

} // namespace sluice
