#include <sluice/base/log.hpp>
#include <sluice/base/scoped_registration.hpp>
#include <sluice/cache/fill_writer.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/origin/version.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// What one read of the origin takes at most; also what one write to the disk takes.
constexpr std::size_t transfer_step = 128 * 1024;
/// A block that lacks no more than this when its last reader leaves is finished.
constexpr std::uint64_t worth_finishing = 256 * 1024;
/// Before a transfer that broke without a byte is resumed once more.
constexpr auto first_pause = std::chrono::milliseconds(50);
constexpr auto longest_pause = std::chrono::milliseconds(1000);

error nobody_waits() {
    return {errc::canceled, error_source::internal, true};
}

/// A running transfer: the writer, the answer it reads, and what is needed to resume it.
struct transfer {
    fill_source from;
    fill_slot slot;
    cache::fill_writer writer;
    std::optional<origin::fetched> body;
};

/// Whether the block in hand lacks so little that it is finished for nobody.
bool is_nearly_whole(const cache::fill_writer& w) {
    const std::uint64_t block = w.of()->shape().block_size;
    const std::uint64_t block_end = std::min(w.end(), (w.position() / block + 1) * block);
    return w.position() % block != 0 && block_end - w.position() < worth_finishing;
}

/// A transfer's entry in its worker's list. While it reads from the origin, which may be silent for long, nobody but
/// the tick sees that the last reader has left.
class ticking : public live_fill {
public:
    explicit ticking(transfer& t)
        : transfer_(t)
        , entry_(t.from.worker.live_fills, *this) {}

    void tick() override {
        transfer_.writer.flush();
        if (reading && !transfer_.writer.is_wanted(transfer_.from.worker.shared.read_ahead) &&
            !is_nearly_whole(transfer_.writer)) {
            abandoned_ = true;
            transfer_.body->abort();
        }
    }
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    bool reading{false};

private:
    transfer& transfer_;
    const listed<std::vector<live_fill*>> entry_;
    bool abandoned_{false};
};

/// Asks for the rest of a broken transfer, of the same version alone.
awaitable<result<void>> resume(transfer& t) {
    const auto& info = t.writer.of()->info();
    origin::fetch_request ask;
    ask.key = info.key.name;
    ask.range = http::range_spec{http::range_spec::form::bounded, t.writer.position(), t.writer.end() - 1, 0};
    ask.match = info.version.value;
    ask.size = info.size;
    ask.give_up = steady_clock::now() + t.from.store.patience();
    auto again = co_await origin::fetch(t.from.worker.origin_pool, t.from.store, ask);
    if (!again) {
        co_return again.error();
    }
    if (!again.value().head().has_bytes || again.value().head().bytes.first != t.writer.position()) {
        co_return error{errc::bad_content_range, error_source::origin, false};
    }
    t.from.context.counters.fill_resumes->Increment();
    t.body.emplace(std::move(again.value()));
    co_return result<void>();
}

/// Reads the next bytes, resuming a transfer that broke. 0: resumed, read again.
awaitable<result<std::size_t>> read_some(transfer& t, ticking& state, asio::mutable_buffer out,
                                         steady_clock::time_point last_progress, int& broken_in_row) {
    state.reading = true;
    auto n = co_await t.body->read(out);
    state.reading = false;
    if (state.abandoned()) {
        co_return nobody_waits();
    }
    if (n && n.value() > 0) {
        broken_in_row = 0;
        co_return n;
    }
    const error broken = n ? error{errc::short_body, error_source::origin, true} : n.error();
    // The store may break each attempt at once: only progress buys another.
    if (!broken.retryable || steady_clock::now() - last_progress > t.from.store.patience()) {
        co_return broken;
    }
    if (broken_in_row > 0) {
        co_await origin::back_off(std::min(first_pause * broken_in_row, longest_pause));
    }
    ++broken_in_row;
    auto resumed = co_await resume(t);
    if (!resumed) {
        co_return resumed.error();
    }
    co_return std::size_t{0};
}

awaitable<std::optional<error>> pump(transfer& t, ticking& state) {
    const auto wake = std::make_shared<event>(t.from.context.self.get_executor());
    std::vector<char> buffer(transfer_step);
    auto last_progress = steady_clock::now();
    int broken_in_row = 0;
    while (!t.writer.complete()) {
        const auto paused = steady_clock::now();
        const bool wanted = co_await t.writer.wait_for_demand(t.from.worker.shared.read_ahead, wake);
        last_progress += steady_clock::now() - paused; // a pause is ours, not the store's
        if (!wanted && !is_nearly_whole(t.writer)) {
            co_return nobody_waits();
        }
        const auto room = std::min<std::uint64_t>(buffer.size(), t.writer.end() - t.writer.position());
        const auto into = asio::buffer(buffer.data(), static_cast<std::size_t>(room));
        auto n = co_await read_some(t, state, into, last_progress, broken_in_row);
        if (!n) {
            co_return n.error();
        }
        if (n.value() == 0) {
            continue;
        }
        last_progress = steady_clock::now();
        auto written = co_await t.writer.write(buffer.data(), n.value());
        if (!written) {
            co_return written.error();
        }
    }
    co_await t.writer.wait_for_first_page_readers(wake);
    co_return std::nullopt;
}

awaitable<void> run(transfer t) {
    ticking state(t);
    auto failure = co_await pump(t, state);
    if (failure && failure->code != errc::canceled) {
        log::warn("a transfer into the cache failed", {{"store", t.from.store.settings().name},
                                                       {"reason", to_string(failure->code)},
                                                       {"detail", failure->detail}});
        if (is_changed(failure->code)) {
            t.from.worker.shared.cache.retire(t.writer.of());
        }
    }
    t.writer.finish(failure ? result<void>(std::move(*failure)) : result<void>());
    t.body->finish();
}

void start(transfer t) {
    auto& tasks = t.from.context.self.tasks;
    tasks.spawn(run(std::move(t)));
}

error limit_reached() {
    return {errc::fills_limit, error_source::internal, true};
}

awaitable<void> fill_in_background(fill_source from, std::shared_ptr<cache::object> o, std::uint64_t first,
                                   std::uint64_t last) {
    auto begun = co_await begin_fill(from, o, first, last, steady_clock::now() + from.store.patience());
    if (!begun) {
        log::debug("read-ahead failed", {{"reason", to_string(begun.error().code)}});
    }
}

} // namespace

fill_slot::fill_slot(shared_state& services)
    : services_(&services) {
    if (services.fills.fetch_add(1) >= services.max_fills) {
        services.fills.fetch_sub(1);
        services_ = nullptr;
    }
}

fill_slot::~fill_slot() {
    if (services_ != nullptr) {
        services_->fills.fetch_sub(1);
    }
}

bool is_uncacheable(errc code) noexcept {
    switch (code) {
    case errc::no_validator:
    case errc::cache_off:
    case errc::cache_starting:
    case errc::cache_full:
    case errc::disk_full:
    case errc::disk_error:
    case errc::too_large:
    case errc::fills_limit:
    case errc::pool_busy:
    case errc::purged:
        return true;
    default:
        return false;
    }
}

bool is_changed(errc code) noexcept {
    return code == errc::precondition_failed || code == errc::validator_changed;
}

awaitable<result<bool>> begin_fill(fill_source from, std::shared_ptr<cache::object> o, std::uint64_t first,
                                   std::uint64_t last, steady_clock::time_point give_up) {
    auto& cache = from.worker.shared.cache;
    fill_slot slot(from.worker.shared);
    if (!slot.taken()) {
        co_return limit_reached();
    }
    auto data = co_await cache.open(o);
    if (!data) {
        co_return data.error();
    }
    auto claimed = o->claim(first, last, false);
    if (!claimed) {
        co_return false;
    }
    cache::fill_writer writer(cache, o, claimed, data.value());
    auto ready = co_await writer.prepare();
    if (!ready) {
        writer.finish(ready.error());
        co_return ready.error();
    }
    origin::fetch_request ask;
    ask.key = o->info().key.name;
    ask.range = http::range_spec{http::range_spec::form::bounded, writer.position(), writer.end() - 1, 0};
    ask.match = o->info().version.value;
    ask.size = o->info().size;
    ask.give_up = give_up;
    auto got = co_await origin::fetch(from.worker.origin_pool, from.store, ask);
    std::optional<error> failure;
    if (!got) {
        failure = got.error();
    } else if (!got.value().head().has_bytes) {
        failure = error{errc::unexpected_status, error_source::origin, false, "no body"};
    }
    if (failure) {
        writer.finish(*failure);
        co_return *failure;
    }
    start(transfer{from, std::move(slot), std::move(writer), std::move(got.value())});
    co_return true;
}

void read_ahead(fill_source from, std::shared_ptr<cache::object> o, std::uint64_t first, std::uint64_t last) {
    from.context.self.tasks.spawn(fill_in_background(from, std::move(o), first, last));
}

awaitable<result<admitted>> admit(fill_source from, object_name what, std::optional<origin::fetched>& body) {
    const auto& head = body->head();
    if (head.validator.empty()) {
        co_return error{errc::no_validator, error_source::origin, false};
    }
    fill_slot slot(from.worker.shared);
    if (!slot.taken()) {
        co_return limit_reached();
    }
    cache::object_info info;
    info.key = {from.store.identity(), std::string(what.key)};
    const bool numbered = !origin::parts_of(head.validator, from.store.can()).generation.empty();
    info.version = {numbered ? cache::validator_kind::generation : cache::validator_kind::etag, head.validator};
    info.size = head.size;
    info.content_type = head.content_type;
    info.last_modified = head.last_modified;
    info.purge_tags = what.resolver_id;
    info.stored = std::chrono::system_clock::now();
    auto made = co_await from.worker.shared.cache.create(std::move(info), what.purges_seen);
    if (!made) {
        co_return made.error();
    }
    const auto& o = made.value();
    if (!head.has_bytes) {
        body->finish();
        co_return admitted{o, nullptr};
    }
    auto claimed = o->claim(head.bytes.first, head.bytes.last, head.bytes.first % cache::page_size != 0);
    if (!claimed) {
        co_return error{errc::canceled, error_source::internal, true}; // purged between two instructions
    }
    o->trim(*claimed, head.bytes.last + 1);
    cache::fill_writer writer(from.worker.shared.cache, o, claimed, o->open_file());
    auto ready = co_await writer.prepare();
    if (!ready) {
        writer.finish(ready.error());
        co_return ready.error();
    }
    auto hold = std::make_unique<cache::reader>(o, from.context.self.get_executor(), head.bytes.first, head.bytes.last);
    start(transfer{from, std::move(slot), std::move(writer), std::move(body)});
    co_return admitted{o, std::move(hold)};
}

} // namespace sluice::media
