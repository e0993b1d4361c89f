#pragma once

#include <sluice/media/lookup.hpp>

#include <memory>

namespace sluice::media::detail {

/// The ranges behind the first one, of a request for several of an object that is not cached. They are asked for
/// together with the first: one that waits for the object to be known has its first byte a round trip later.
class first_parts {
public:
    /// Asks for nothing where `m` wants no several ranges, or the object is cached.
    first_parts(const lookup_context& with, fill_context& fills, media_request& m);
    first_parts(const first_parts&) = delete;
    first_parts& operator=(const first_parts&) = delete;
    /// What runs then ends with its last reader.
    ~first_parts();

    /// Completes when all are answered, or have had as long for it as an answer takes. Gives the readers that keep
    /// their fills going; those of later answers stay here. To be called once the first range is answered.
    awaitable<std::vector<std::unique_ptr<cache::reader>>> join();
    /// Whether the beginning of `part` is asked for and not answered yet.
    [[nodiscard]] bool is_coming(const http::byte_range& part) const noexcept;
    /// Completes when it is not any more, or the client has left.
    /// Errors: `connection_lost` where the client leaves.
    awaitable<result<void>> wait_for(http::byte_range part);

    /// What its requests share with it.
    struct state;

private:
    media_request& m_;
    std::shared_ptr<state> state_; ///< nullptr: nothing was asked for
};

} // namespace sluice::media::detail
