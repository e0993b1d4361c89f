#pragma once

#include <string>
#include <vector>

namespace sluice::config {

/// One error in a configuration. Its message names keys and never values, so that no secret is in it.
struct diagnostic {
    std::string file;    ///< as the caller named it, or the variable or flag that the value is from
    int line{0};         ///< counted from 1; 0: not in a file (an environment variable, a flag, a missing file)
    int column{0};       ///< counted from 1 in bytes; 0 with line 0
    std::string message; ///< one line, no full stop
};

/// `FILE:LINE:COLUMN: error: MESSAGE`, or `FILE: error: MESSAGE` where there is no line. No newline at the end.
[[nodiscard]] std::string to_string(const diagnostic& f);

} // namespace sluice::config
