// Preloaded into Sluice (LD_PRELOAD): counts the calls of aligned_alloc, by which Asio takes memory for the frames of
// coroutines that it has none kept for, and writes their number into the file SLUICE_FRAME_ALLOCATIONS at the end.
#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

std::atomic<unsigned long> calls{0};

__attribute__((destructor)) void write_number() {
    if (const char* path = std::getenv("SLUICE_FRAME_ALLOCATIONS")) {
        if (std::FILE* file = std::fopen(path, "w")) {
            std::fprintf(file, "%lu\n", calls.load());
            std::fclose(file);
        }
    }
}

} // namespace

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    using function = void* (*)(std::size_t, std::size_t);
    static const auto of_system = reinterpret_cast<function>(dlsym(RTLD_NEXT, "aligned_alloc"));
    ++calls;
    return of_system(alignment, size);
}
