#pragma once

namespace sluice {

/// From now on no core file is written, and the process's memory is nobody's to read or trace but root's
/// (PR_SET_DUMPABLE): it holds keys. For the process and for good; what of it the system refuses is left as it is.
void forbid_core_dumps() noexcept;

} // namespace sluice
