#include <sluice/base/log.hpp>
#include <sluice/base/scoped_registration.hpp>
#include <sluice/cache/fill_writer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/fill_rules.hpp>
#include <sluice/origin/version.hpp>

#include "fill_task.hpp"

namespace sluice::media {

namespace {

error limit_reached() {
    return {errc::fills_limit, error_source::internal, true};
}

awaitable<void> fill_in_background(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o,
                                   std::uint64_t first, std::uint64_t last, claim_kind claim) {
    auto begun = co_await begin_fill(with, store, o, first, last, steady_clock::now() + store.fetch_timeout(), claim);
    if (!begun) {
        log::debug("read-ahead failed", {{"store", store.settings().name},
                                         {"reason", to_string(begun.error().code)},
                                         {"detail", begun.error().detail}});
    }
}

/// The pages of a response that is there: nobody's, or those of a fill that would come to them later.
std::shared_ptr<cache::fill> claim_for(cache::object& o, const origin::object_head& head) {
    const auto& bytes = head.bytes;
    const bool is_whole_page = bytes.first % cache::page_size == 0;
    auto claimed = o.claim(bytes.first, bytes.last, !is_whole_page);
    if (!claimed && is_whole_page) {
        claimed = o.take_over(bytes.first, bytes.last, true);
    }
    if (claimed && head.status == 200) { // a range was asked for
        o.keep_whole(*claimed);
    }
    return claimed;
}

/// Gives the request for a fill up where nobody waits for the fill any more: before its first byte nothing has come yet
/// for which to finish the block in hand, as a running fill does.
class watched_request final : public running_fill {
public:
    watched_request(fill_context& with, cache::fill_writer& writer)
        : with_(with)
        , writer_(writer)
        , entry_(with.running, *this) {}

    void tick() override {
        if (!writer_.is_wanted(with_.read_ahead)) {
            canceler_.cancel();
        }
    }
    [[nodiscard]] origin::fetch_canceler* canceler() noexcept { return &canceler_; }

private:
    fill_context& with_;
    cache::fill_writer& writer_;
    origin::fetch_canceler canceler_{};
    const scoped_registration<std::vector<running_fill*>> entry_;
};

/// Acts as the future reader; without one the fill would end.
awaitable<void> fill_whole(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o,
                           std::uint64_t first, std::uint64_t last) {
    cache::reader r(o, with.worker.self.get_executor(), first, last);
    const auto give_up = steady_clock::now() + store.patience(); // a store may bring a byte now and then for ever
    co_await fill_in_background(with, store, o, first, last, claim_kind::background);
    for (std::uint64_t position = first; position <= last && steady_clock::now() < give_up;) {
        const auto s = r.next(position);
        if (s.what == cache::span::kind::wait) {
            co_await r.wait_until(give_up);
        } else if (s.what == cache::span::kind::readable || s.what == cache::span::kind::unverified) {
            position = s.last + 1; // who sends it verifies it
        } else {
            break;
        }
    }
}

} // namespace

awaitable<result<fill_start>> begin_fill(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o,
                                         std::uint64_t first, std::uint64_t last, steady_clock::time_point give_up,
                                         claim_kind claim) {
    auto slot = with.slots.try_take(claim == claim_kind::background ? with.slots.max() / 2 : 0);
    if (!slot) {
        co_return limit_reached();
    }
    auto data = co_await with.cache.open(o);
    if (!data) {
        co_return data.error();
    }
    const bool overtakes = claim == claim_kind::overtake;
    auto claimed = overtakes ? o->take_over(first, last) : o->claim(first, last, false);
    if (!claimed) {
        co_return fill_start::already_claimed;
    }
    if (overtakes) {
        with.worker.counters.fill_overlaps->Increment();
    }
    cache::fill_writer writer(with.cache, o, claimed, data.value());
    writer.expect(steady_clock::now() + store.pace().first_byte(), store.pace().each().count());
    auto ready = co_await writer.prepare();
    if (!ready) {
        writer.finish(ready);
        co_return ready.error();
    }
    auto request = request_for_version(o->info(), writer.position(), writer.end() - 1, give_up);
    request.is_extra = overtakes; // the other fill is still there
    std::optional<watched_request> watched(std::in_place, with, writer);
    request.canceler = watched->canceler();
    auto got = co_await origin::fetch(with.origin_pool, store, request);
    watched.reset();
    const result<void> usable = got ? check_has_body(got.value().head()) : result<void>(got.error());
    if (!usable) {
        writer.finish(usable);
        co_return usable.error();
    }
    writer.expect(steady_clock::now(), store.pace().each().count()); // it may be sooner than was foreseen
    detail::start(detail::fill_task{with, store, std::move(*slot), std::move(writer), std::move(got.value())});
    co_return fill_start::started;
}

void read_ahead(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                std::uint64_t last) {
    with.worker.self.tasks.spawn(fill_in_background(with, store, std::move(o), first, last, claim_kind::background));
}

void overtake_ahead(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                    std::uint64_t last) {
    with.worker.self.tasks.spawn(fill_in_background(with, store, std::move(o), first, last, claim_kind::overtake));
}

void fill_for_later(fill_context& with, origin::store& store, std::shared_ptr<cache::object> o, std::uint64_t first,
                    std::uint64_t last) {
    with.worker.self.tasks.spawn(fill_whole(with, store, std::move(o), first, last));
}

awaitable<result<admitted>> admit(fill_context& with, origin::store& store, object_name name,
                                  std::optional<origin::fetched>& body, std::optional<slot_limit::slot> slot) {
    const auto& head = body->head();
    if (head.validator.empty()) {
        co_return error{errc::no_validator, error_source::origin, false};
    }
    auto taken = slot ? std::move(slot) : with.slots.try_take();
    if (!taken) {
        co_return limit_reached();
    }
    const bool is_generation = !origin::parts_of(head.validator, store.capabilities()).generation.empty();
    auto info = describe_version(head, store.identity(), name.key, name.purge_tags, is_generation,
                                 std::chrono::system_clock::now());
    auto made = co_await with.cache.create(std::move(info), name.purges_seen, cache::if_present::join);
    if (!made) {
        co_return made.error();
    }
    const auto& o = made.value();
    if (name.app_version != 0) {
        o->set_app_version(name.app_version);
    }
    auto data = co_await with.cache.open(o);
    if (!data) {
        co_return data.error();
    }
    auto claimed = head.has_bytes ? claim_for(*o, head) : nullptr;
    if (claimed) {
        o->trim(*claimed, head.bytes.last + 1);
    }
    const std::uint64_t kept = claimed ? claimed->end - head.bytes.first : 0;
    if (head.has_bytes && kept < head.bytes.length()) { // others had asked for the rest too
        with.worker.counters.fill_overlaps->Increment();
        with.worker.counters.fill_overlap_bytes->Increment(static_cast<double>(head.bytes.length() - kept));
    }
    if (!claimed) { // it comes with another request's fill
        body->finish();
        co_return admitted{o, nullptr};
    }
    cache::fill_writer writer(with.cache, o, claimed, data.value());
    writer.expect(steady_clock::now(), store.pace().each().count());
    auto ready = co_await writer.prepare();
    if (!ready) {
        writer.finish(ready);
        co_return ready.error();
    }
    auto keepalive =
        std::make_unique<cache::reader>(o, with.worker.self.get_executor(), head.bytes.first, head.bytes.last);
    detail::start(detail::fill_task{with, store, std::move(*taken), std::move(writer), std::move(body)});
    co_return admitted{o, std::move(keepalive)};
}

} // namespace sluice::media
