#pragma once

namespace sluice {

/// Prints `file:line: assertion failed: expression` to stderr and aborts. Allocates nothing and takes no lock of ours:
/// it may be called under any. `SLUICE_ASSERT` calls it.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

} // namespace sluice

/// States an invariant: aborts where `condition` does not hold, saying which and where.
///
/// Only for what no input, peer or disk can bring about; what they can is an error value. Compiled in by the CMake
/// option `SLUICE_ASSERTIONS`, apart from NDEBUG: on in the presets whose tests look for faults (debug, asan, tsan,
/// fuzz), off in release, where `condition` must still compile but is not evaluated. So it must have no side effects.
/// An expression with a comma outside parentheses needs a pair of its own.
#ifdef SLUICE_ASSERTIONS
#define SLUICE_ASSERT(condition)                                                                                       \
    ((condition) ? static_cast<void>(0) : ::sluice::assertion_failed(#condition, __FILE__, __LINE__))
#else
#define SLUICE_ASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif
