#pragma once

namespace sluice {

/// Forbids core files, and reading or tracing the process's memory to all but root (PR_SET_DUMPABLE), since it holds
/// keys. For the whole process, and not to be undone. What the system refuses is skipped.
void forbid_core_dumps() noexcept;

} // namespace sluice
