// A version in the cache, on its way to one client.
#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/delivery_plan.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/send_file.hpp>

#include "delivery_progress.hpp"
#include "first_parts.hpp"
#include "missing_bytes.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::media {

namespace {

using coverage = cache::object::coverage;
using detail::delivery_progress;
using keepalive_readers = std::vector<std::unique_ptr<cache::reader>>;

/// After a failure: if only the cache is at fault, continues straight from the origin.
awaitable<result<void>> recover(delivery_progress& d, error e) {
    if (is_changed(e.code)) {
        d.fills.cache.retire(d.object);
    }
    if (!may_continue_direct(e.code, d.m.x.head_sent, d.position, d.wanted.last)) {
        co_return e;
    }
    d.m.x.detail = to_string(e.code);
    const http::byte_range left{d.position, d.wanted.last};
    const direct_context direct{d.fills, d.bodies};
    co_return co_await continue_direct(direct, d.m, left, d.object->info(), d.head);
}

/// Sends the next piece of what is readable up to `last` through the encoder. While the client takes it, nothing of the
/// cache is held.
awaitable<result<void>> send_coded(delivery_progress& d, cache::reader& r, int fd, std::uint64_t last) {
    last = std::min(last, d.position + max_coded_piece - 1);
    auto coded = co_await d.m.coded->put_file(d.bodies.reads, fd, d.position, last, d.head);
    r.release();
    if (!coded) {
        co_return coded;
    }
    d.position = last + 1;
    if (d.head.empty()) { // the encoder still has it
        co_return coded;
    }
    d.m.x.note_head_sent();
    auto sent = co_await d.m.x.client.write(d.head);
    d.head.clear();
    co_return sent;
}

/// Sends the next piece of what is readable.
awaitable<result<void>> send_piece(delivery_progress& d, cache::reader& r, const cache::span& s, int fd,
                                   slow_reader_guard& slow) {
    if (!d.m.x.head_sent) {
        d.prepend_head();
    }
    if (d.m.coded) {
        return send_coded(d, r, fd, s.last);
    }
    return send_file(d.m.x, d.bodies.reads, fd, d.position, d.piece_end(s.last), d.head, &slow);
}

/// Sends `d.wanted`; lets `keepalive` go once there is a reader of its own.
///
/// A hit's frames are kept below 1,020 bytes, by functions that hand on what they are given: larger ones Asio does not
/// keep for the next request, and drops a smaller one that it has kept.
awaitable<result<void>> send_part(delivery_progress& d, const std::shared_ptr<cache::file>& data,
                                  keepalive_readers keepalive) {
    cache::reader r(d.object, d.m.x.worker.self.get_executor(), d.wanted.first, d.wanted.last);
    keepalive.clear();
    if (r.preceding()) {
        d.fetch_for_next(r);
    }
    slow_reader_guard slow(d.m.x, r);
    std::optional<session::disconnect_watch> watch;
    result<void> done;
    while (done && d.position <= d.wanted.last) {
        r.limit_ahead(d.window.ahead());
        const cache::span s = r.next(d.position);
        if (s.what == cache::span::kind::readable) {
            done = co_await send_piece(d, r, s, data->fd(), slow);
            d.after_sending(s.first, done.has_value(), slow);
        } else {
            done = co_await detail::obtain(d, r, s, data, slow, watch);
        }
    }
    if (!done) {
        r.suspend(); // nothing more is wanted of the cache, whatever comes of the rest
        co_return co_await recover(d, done.error());
    }
    if (d.m.wanted.single) {
        r.note_sent(d.began, d.last_sent);
    }
    co_return done;
}

/// The parts of a response behind the one that is being sent. Readers stand in for the client there, so that several
/// are fetched at once.
class parts_ahead {
public:
    /// `asked`: those that were asked for before the object was known; may be nullptr.
    explicit parts_ahead(std::shared_ptr<detail::first_parts> asked)
        : asked_(std::move(asked)) {}

    /// Has those behind `current` fetched, as many bytes as are fetched ahead of the client.
    void extend(delivery_progress& d, const multipart& several, std::size_t current) {
        std::uint64_t bytes = 0;
        for (std::size_t i = current + 1; i < several.parts.size() && i <= current + max_parts; ++i) {
            const auto& part = several.parts[i];
            const std::uint64_t most = std::max(d.window.ahead(), first_ahead);
            if (part.length() > most) {
                continue; // by windows, once it is its turn
            }
            bytes += part.length();
            if (bytes > most) {
                return;
            }
            if (i >= begun_) {
                begun_ = i + 1;
                begin(d, i, part);
            }
        }
    }
    /// Completes when `part` is not being asked for any more: who asks for it then does not ask twice.
    /// Errors: `connection_lost` where the client leaves.
    awaitable<result<void>> wait_for(const http::byte_range& part) {
        if (!asked_ || !asked_->is_coming(part)) {
            co_return result<void>();
        }
        co_return co_await asked_->wait_for(part);
    }
    /// The reader in `part`, where there is one: to be kept until the client has its own there.
    keepalive_readers take(std::size_t part) {
        keepalive_readers taken;
        if (auto found = readers_.extract(part)) {
            taken.push_back(std::move(found.mapped()));
        }
        return taken;
    }

private:
    static constexpr std::size_t max_parts = 16;

    void begin(delivery_progress& d, std::size_t i, const http::byte_range& part) {
        if ((asked_ && asked_->is_coming(part)) || d.object->covers(part.first, part.last) == coverage::all) {
            return;
        }
        auto gap = d.object->gap(part.first, part.last);
        readers_.emplace(
            i, std::make_unique<cache::reader>(d.object, d.m.x.worker.self.get_executor(), part.first, part.last));
        for (int n = 0; n < max_gaps && !gap.empty(); ++n) {
            read_ahead(d.fills, d.m.store, d.object, gap.begin, gap.end - 1);
            gap = gap.end > part.last ? cache::page_run{} : d.object->gap(gap.end, part.last);
        }
    }

    static constexpr int max_gaps = 4;
    const std::shared_ptr<detail::first_parts> asked_;
    std::map<std::size_t, std::unique_ptr<cache::reader>> readers_;
    std::size_t begun_{0};
};

/// Several ranges, each between its own delimiters.
awaitable<result<void>> send_several(delivery_progress& d, const std::shared_ptr<cache::file>& data,
                                     keepalive_readers keepalive, std::shared_ptr<detail::first_parts> asked) {
    const multipart& several = *d.to_send.several;
    const bool something_held = d.held != coverage::none;
    parts_ahead ahead(std::move(asked));
    for (std::size_t i = 0; i < several.parts.size(); ++i) {
        ahead.extend(d, several, i);
        d.head = several.part_head(i);
        const auto& bytes = several.parts[i];
        auto sent = co_await ahead.wait_for(bytes);
        if (!sent) {
            co_return sent;
        }
        d.held = something_held ? d.object->covers(bytes.first, bytes.last) : coverage::none;
        d.begin_part(bytes);
        auto until_first_reader = i == 0 ? std::exchange(keepalive, {}) : ahead.take(i);
        sent = co_await send_part(d, data, std::move(until_first_reader));
        if (!sent) {
            co_return sent;
        }
    }
    const std::string closing = several.closing();
    co_return co_await d.m.x.client.write(closing);
}

/// A response without a body.
awaitable<result<void>> send_head_alone(delivery_progress& d) {
    append_head(d.head, d.m, representation_of(*d.object), d.to_send);
    d.m.x.note_head_sent();
    co_return co_await d.m.x.client.write(d.head);
}

awaitable<result<void>> send_body(delivery_progress& d, const std::shared_ptr<cache::file>& data,
                                  cached_version& found) {
    if (d.to_send.several) {
        return send_several(d, data, std::move(found.keepalive_readers), std::move(found.parts));
    }
    d.begin_part(d.to_send.bytes);
    return send_part(d, data, std::move(found.keepalive_readers));
}

} // namespace

awaitable<result<void>> deliver_cached(fill_context& fills, body_context bodies, media_request& m,
                                       cached_version found) {
    delivery_progress d{fills, bodies, m, found.object,
                        make_delivery_plan(bodies, m, representation_of(*found.object))};
    d.classify();
    if (!d.to_send.has_body) {
        co_return co_await send_head_alone(d);
    }
    auto data = co_await fills.cache.open(found.object);
    if (!data) {
        co_return data.error();
    }
    auto sent = co_await send_body(d, data.value(), found);
    m.x.client.limit_queue(0);
    co_return sent;
}

} // namespace sluice::media
