#pragma once

/// Clang's thread-safety annotations (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html), under the names that its
/// documentation gives them: which mutex guards what, checked when compiled with clang's `-Wthread-safety` (every clang
/// build, and tests/tools/tidy.sh, where a finding is an error). They are empty for other compilers. They work with
/// `sluice::mutex` (base/mutex.hpp); the `std::mutex` of libstdc++ is not annotated.
#ifdef __clang__
#define SLUICE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define SLUICE_THREAD_ANNOTATION(x)
#endif

/// On a class: its objects can be held, as a mutex is.
#define CAPABILITY(name) SLUICE_THREAD_ANNOTATION(capability(name))
/// On a class: its objects hold something from their construction to their destruction.
#define SCOPED_CAPABILITY SLUICE_THREAD_ANNOTATION(scoped_lockable)

/// On a member: only to be read with the mutex held, and written as well.
#define GUARDED_BY(mutex) SLUICE_THREAD_ANNOTATION(guarded_by(mutex))
/// On a pointer: what it points to is guarded so, the pointer itself is not.
#define PT_GUARDED_BY(mutex) SLUICE_THREAD_ANNOTATION(pt_guarded_by(mutex))

/// On a mutex: it is taken before, or after, these others where both are held.
#define ACQUIRED_BEFORE(...) SLUICE_THREAD_ANNOTATION(acquired_before(__VA_ARGS__))
#define ACQUIRED_AFTER(...) SLUICE_THREAD_ANNOTATION(acquired_after(__VA_ARGS__))

/// On a function: its caller holds these, before and after.
#define REQUIRES(...) SLUICE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// On a function: its caller does not hold these, for it takes them itself.
#define EXCLUDES(...) SLUICE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// On a function: takes these (without an argument: its own object), and returns holding them.
#define ACQUIRE(...) SLUICE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
/// The function releases these locks.
#define RELEASE(...) SLUICE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
/// On a function: has taken them where it returns the first argument.
#define TRY_ACQUIRE(...) SLUICE_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
/// On a function: tells the analysis, which cannot see it, that they are held.
#define ASSERT_CAPABILITY(...) SLUICE_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))
/// On a function: gives a reference to this mutex.
#define RETURN_CAPABILITY(mutex) SLUICE_THREAD_ANNOTATION(lock_returned(mutex))
/// On a function: is not analysed. A comment beside it says why.
#define NO_THREAD_SAFETY_ANALYSIS SLUICE_THREAD_ANNOTATION(no_thread_safety_analysis)
