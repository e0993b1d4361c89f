#include <sluice/base/core_dumps.hpp>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {

void forbid_core_dumps() noexcept {
    const rlimit none{0, 0};
    static_cast<void>(setrlimit(RLIMIT_CORE, &none)); // files that the kernel writes
    static_cast<void>(
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); // dumps that it pipes to a program, which the limit does not stop
}

} // namespace sluice
