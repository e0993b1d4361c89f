#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/media/slow_reader_guard.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::media {

/// Sends `head` (which is emptied), then bytes [first, last] of a file, without a copy where that pays: small bodies go
/// out with their head in one write, larger ones by sendfile. What is not in the page cache is read by `reads` first,
/// so that a cold disk never stops a worker.
///
/// Moves `first` on as bytes leave: it is `last + 1` at the end, and tells how many have left where it fails.
///
/// `slow`: lets go of the bytes where the client is too slow to hold them for. It completes then, without error, with
/// `first` where it stopped and `slow->paused()`.
/// Errors: `timeout`, `connection_lost` (source client); `disk_error` (source internal): the head may have been sent.
awaitable<result<void>> send_file(session::exchange& x, file_pool& reads, int fd, std::uint64_t& first,
                                  std::uint64_t last, std::string& head, slow_reader_guard* slow = nullptr);

/// Reads `length` bytes of a file at `offset` into `out`, from the page cache at once, else on a thread of `reads`.
/// False where they are not all there. `out` must live until completion.
awaitable<bool> read_file(file_pool& reads, int fd, char* out, std::size_t length, std::uint64_t offset);

} // namespace sluice::media
