#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/media/slot_limit.hpp>

namespace sluice::media {

/// What may lie unsent in the socket's queue of a client for whom bytes are being fetched: what lies there counts as
/// taken, so that more is fetched for it, and others wait for who takes less.
inline constexpr std::uint32_t max_queue = 128 * 1024;

/// Bodies that are compressed at once, over all workers. It bounds their memory (some 2 MiB each) and how long the
/// pool's queue is for them; what comes beyond goes out as it is.
inline constexpr unsigned max_encoders = 32;

/// What bodies are read and encoded with.
struct body_context {
    file_pool& reads;
    slot_limit& encoders; ///< `max_encoders`, of all workers
};

} // namespace sluice::media
