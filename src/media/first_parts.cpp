#include "first_parts.hpp"

#include <sluice/media/fetch_window.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include "cold_question.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sluice::media::detail {

struct first_parts::state {
    explicit state(executor ex)
        : answered(std::make_shared<async_event>(ex)) {}

    std::vector<http::byte_range> running{}; ///< what is asked for and not answered yet
    bool is_wanted{true};                    ///< the client's request waits for them
    std::vector<std::unique_ptr<cache::reader>> readers{};
    std::shared_ptr<async_event> answered;
};

namespace {

/// Of so many ranges at most the further ones are asked for together, and not more bytes than are fetched ahead of any
/// client that has taken nothing yet.
constexpr std::size_t max_parts = 16;

/// One request. It may outlive the client's: other look-ups may follow it.
struct part_request {
    fill_context& fills;
    origin::store& store;
    std::string key;
    std::string purge_tags;
    std::uint64_t purges_seen;
    steady_clock::time_point give_up;
    http::range_spec range;
    lookup_flights::flight flight;
    std::optional<cold_requests::registration> running;
    std::optional<slot_limit::slot> slot; ///< taken before the request: what is fetched for nothing is a burden
    std::shared_ptr<first_parts::state> parts;
};

/// Gives the result for the flight's followers.
awaitable<result<flight_result>> ask(part_request& r) {
    const error look_again{errc::canceled, error_source::internal, true};
    origin::fetch_request request;
    request.key = r.key;
    request.range = r.range;
    request.give_up = r.give_up;
    request.is_wanted = [parts = r.parts] { return parts->is_wanted; };
    auto got = co_await origin::fetch(r.fills.origin_pool, r.store, request);
    if (!got) {
        co_return got.error();
    }
    std::optional<origin::fetched> body(std::move(got.value()));
    if (!body->head().has_bytes) { // that is for a range's own look-up to judge
        body->finish();
        co_return look_again;
    }
    const object_name name{r.key, r.purge_tags, r.purges_seen};
    auto taken = co_await admit(r.fills, r.store, name, body, std::move(r.slot));
    if (!taken) {
        if (body) {
            body->finish();
        }
        co_return look_again;
    }
    if (r.parts->is_wanted && taken.value().keepalive_reader) {
        r.parts->readers.push_back(std::move(taken.value().keepalive_reader));
    }
    co_return flight_result{};
}

/// Whatever comes of a part's request, who waits for it goes on.
class part_ends {
public:
    part_ends(const part_request& r, const http::byte_range& asked) noexcept
        : parts_(*r.parts)
        , asked_(asked) {}
    part_ends(const part_ends&) = delete;
    part_ends& operator=(const part_ends&) = delete;
    ~part_ends() {
        std::erase(parts_.running, asked_);
        parts_.answered->notify();
    }

private:
    first_parts::state& parts_;
    const http::byte_range asked_;
};

awaitable<void> run(part_request r, http::byte_range asked) {
    const part_ends at_end(r, asked);
    auto answered = co_await ask(r);
    r.running.reset(); // nobody follows it any more
    r.flight.complete(std::move(answered));
}

} // namespace

first_parts::first_parts(const lookup_context& with, fill_context& fills, media_request& m)
    : m_(m) {
    const auto& several = m.wanted.several;
    if (several.empty() || several.size() > max_parts || m.head_only || !fills.cache.available() ||
        fills.cache.find(m.store.identity(), m.key) != nullptr) {
        return;
    }
    const auto object = lookup_flights::key_of(m.store, m.key);
    if (with.flights.uncacheable().has(object)) {
        return; // the first range's answer will be sent past the cache, alone
    }
    const auto first = question_for(with.flights, m.store, m.key, false, m.wanted, fills.read_ahead);
    if (!first.asks) {
        return; // a store so near that nobody sees the round trip
    }
    // The request itself is about to ask this.
    const cold_requests::registration own(with.flights.cold(), object, *first.asks);
    state_ = std::make_shared<state>(m.x.worker.self.get_executor());
    const std::string purge_tags = m.authorization ? m.authorization->purge_tags : std::string();
    std::uint64_t bytes = 0;
    for (std::size_t i = 1; i < several.size(); ++i) {
        if (several[i].kind != http::range_spec::form::bounded) {
            continue; // how long that is, nobody knows yet
        }
        bytes += std::min(several[i].last - several[i].first, first_ahead) + 1;
        if (bytes > first_ahead) {
            return;
        }
        requested_ranges one;
        one.single = several[i];
        auto question = question_for(with.flights, m.store, m.key, false, one, fills.read_ahead);
        if (question.flight == first.flight) {
            continue;
        }
        auto slot = fills.slots.try_take(fills.slots.max() / 2);
        if (!slot) {
            return;
        }
        auto flight = with.flights.join(question.flight);
        if (!flight.leads()) {
            continue;
        }
        part_request r{fills,
                       m.store,
                       m.key,
                       purge_tags,
                       m.purges_seen,
                       m.give_up,
                       *question.range,
                       std::move(flight),
                       cold_requests::registration(with.flights.cold(), object, *question.asks),
                       std::move(slot),
                       state_};
        const http::byte_range asked{question.asks->first, question.asks->last};
        state_->running.push_back(asked);
        fills.worker.self.tasks.spawn(run(std::move(r), asked));
    }
}

first_parts::~first_parts() {
    if (state_) {
        state_->is_wanted = false;
        state_->readers.clear();
    }
}

awaitable<std::vector<std::unique_ptr<cache::reader>>> first_parts::join() {
    if (!state_) {
        co_return std::vector<std::unique_ptr<cache::reader>>();
    }
    const session::origin_wait waiting(m_.x);
    const auto until = steady_clock::now() + std::max<steady_clock::duration>(m_.store.pace().first_byte(), unnoticed);
    while (!state_->running.empty() && steady_clock::now() < until) {
        co_await state_->answered->wait_until(until);
    }
    co_return std::exchange(state_->readers, {});
}

bool first_parts::is_coming(const http::byte_range& part) const noexcept {
    return state_ && std::ranges::any_of(state_->running, [&part](const http::byte_range& asked) {
               return asked.first <= part.first && part.first <= asked.last;
           });
}

awaitable<result<void>> first_parts::wait_for(http::byte_range part) {
    session::disconnect_watch watch(m_.x, async_event::notify_at, state_->answered.get());
    m_.x.client.timer().clear(); // the request ends by itself
    const session::origin_wait waiting(m_.x);
    while (is_coming(part)) {
        co_await state_->answered->wait();
        if (watch.client_gone()) {
            co_return session::client_gone();
        }
    }
    co_return result<void>();
}

} // namespace sluice::media::detail
