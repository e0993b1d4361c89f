#pragma once

#include <sluice/cache/fill_writer.hpp>
#include <sluice/media/fill.hpp>

namespace sluice::media::detail {

/// A fill as it runs on its worker: the writer, the answer it reads, and what is needed to resume it.
struct fill_task {
    fill_context& with;
    origin::store& store;
    slot_limit::slot slot;
    cache::fill_writer writer;
    std::optional<origin::fetched> body;
};

/// Lets it run on its worker until it is complete, fails, or nobody wants it any more; resumes it where it breaks.
void start(fill_task t);

} // namespace sluice::media::detail
