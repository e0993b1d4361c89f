#pragma once

#include <string>

namespace sluice {

/// A string whose memory is used again: each thread keeps that of a few for the next ones, since a message's head is
/// larger than what the allocator hands out cheaply. On one thread; never for secrets, which are wiped instead.
class scratch {
public:
    scratch();
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch();

    std::string text; ///< empty at first, with room for a usual head
};

} // namespace sluice
