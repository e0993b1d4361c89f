#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/origin/fetch.hpp>
#include <sluice/session/exchange.hpp>

namespace sluice::media {

/// What a fill needs that outlives the request it began with. Copied into it.
struct fill_source {
    session::worker_context& context;
    worker_state& worker;
    origin::store& store;
};

/// A place among `limits.fills`; gives it back at its end.
class fill_slot {
public:
    /// No value in `taken()` where all are in use.
    explicit fill_slot(shared_state& services);
    fill_slot(fill_slot&& other) noexcept
        : services_(std::exchange(other.services_, nullptr)) {}
    fill_slot& operator=(fill_slot&&) = delete;
    ~fill_slot();
    [[nodiscard]] bool taken() const noexcept { return services_ != nullptr; }

private:
    shared_state* services_;
};

/// True where an error means that the cache cannot take the bytes, while the origin could give them.
[[nodiscard]] bool is_uncacheable(errc code) noexcept;
/// True where an error means that the version which is cached is not the origin's any more.
[[nodiscard]] bool is_changed(errc code) noexcept;

/// Begins a fill of the known version `o` from the page of `first` to the page of `last`, or to the first page that is
/// not missing: claims, reserves, asks the origin for that version alone, and lets the transfer run on this worker,
/// belonging to no request. `give_up`: for the head of the origin's answer.
///
/// Completes when the transfer runs; readers then follow it. No value in the result's bool: false where somebody else
/// claimed the first page meanwhile. Errors: those of `fetch`, `reserve`, `fills_limit`.
awaitable<result<bool>> begin_fill(fill_source from, std::shared_ptr<cache::object> o, std::uint64_t first,
                                   std::uint64_t last, steady_clock::time_point give_up);

/// The same in the background, for a reader that will come to it. Failures are left to that reader to find.
void read_ahead(fill_source from, std::shared_ptr<cache::object> o, std::uint64_t first, std::uint64_t last);

/// A version that was taken in, and a reader that stands in for whoever asked: a transfer that nobody reads would end
/// before its first reader has come. To be kept until that one is there.
struct admitted {
    std::shared_ptr<cache::object> object;
    std::unique_ptr<cache::reader> hold;
};

/// What an object is called that is taken in. Views.
struct object_name {
    std::string_view key;
    std::string_view resolver_id; ///< the app's name for it, kept with it; or ""
    std::uint64_t purges_seen{0}; ///< `object_cache::changes` before leave was asked for
};

/// Takes a whole answer of the origin into the cache as a new version, and lets its transfer run.
///
/// On an error that `is_uncacheable`, `body` was not touched and can be relayed directly. Errors: `no_validator`, those
/// of `create` and `reserve`, `fills_limit`.
awaitable<result<admitted>> admit(fill_source from, object_name what, std::optional<origin::fetched>& body);

} // namespace sluice::media
