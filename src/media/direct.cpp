// Past the cache: the origin's answer straight to the client.
#include <sluice/http/conditional.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

constexpr std::size_t step = 64 * 1024;

representation representation_of(const origin::object_head& h) {
    return {h.size, h.validator, h.content_type, h.last_modified, std::chrono::system_clock::now()};
}

bool covers(const origin::fetched& f, const plan& p) {
    return !p.has_body ||
           (f.head().has_bytes && f.head().bytes.first <= p.bytes.first && f.head().bytes.last >= p.bytes.last);
}

/// `version`: what alone is wanted; nullptr: any.
awaitable<result<origin::fetched>> ask(media_request& m, std::optional<http::range_spec> range,
                                       const cache::object_info* version) {
    origin::fetch_request r;
    r.key = m.key;
    r.method = m.head_only ? sign::method::head : sign::method::get;
    r.range = m.head_only ? std::nullopt : range;
    if (r.range && r.range->kind == http::range_spec::form::suffix && !m.store.can().suffix_ranges) {
        r.method = sign::method::head; // the size first: from the end can be counted only then
        r.range.reset();
    }
    if (version != nullptr) {
        r.match = version->version.value;
        r.size = version->size;
    }
    r.give_up = std::max(m.give_up, steady_clock::now() + std::chrono::seconds(1));
    auto got = co_await origin::fetch(m.worker.origin_pool, m.store, r);
    if (got) {
        m.fetched = true;
        m.origin_status = got.value().head().status;
    }
    co_return got;
}

/// Reads and drops what comes before the wanted bytes, then sends them as they come.
awaitable<result<void>> stream(media_request& m, origin::fetched& from, const http::byte_range& wanted,
                               std::string& head) {
    std::vector<char> buffer(step);
    std::uint64_t at = from.head().bytes.first;
    session::disconnect_watch watch(
        m.x, [](void* answer) { static_cast<origin::fetched*>(answer)->abort(); }, &from);
    while (at <= wanted.last) {
        auto n = co_await from.read(asio::buffer(buffer));
        if (watch.client_gone()) {
            co_return error{errc::connection_lost, error_source::client, false, "client gone"};
        }
        if (!n) {
            co_return n.error();
        }
        if (n.value() == 0) { // what the head promised ends before what is wanted
            co_return error{errc::short_body, error_source::origin, false};
        }
        const std::uint64_t skip = at < wanted.first ? std::min<std::uint64_t>(wanted.first - at, n.value()) : 0;
        const std::uint64_t end = std::min<std::uint64_t>(n.value(), wanted.last + 1 - at);
        at += n.value();
        if (skip >= end) {
            continue;
        }
        std::string_view piece(buffer.data() + skip, static_cast<std::size_t>(end - skip));
        m.x.bytes.origin += piece.size();
        if (m.coded) {
            auto coded = co_await m.coded->put(m.worker.shared.reads, piece, head);
            if (!coded) {
                co_return coded;
            }
            piece = {};
            if (head.empty()) { // the encoder still has it
                continue;
            }
        }
        m.x.note_head_sent();
        auto sent = co_await m.x.client.write(head, piece);
        if (!sent) {
            co_return sent.error();
        }
        head.clear();
    }
    co_return result<void>();
}

} // namespace

awaitable<delivered> deliver_direct(media_request& m, std::optional<origin::fetched> have, errc why) {
    m.x.outcome = metrics::outcome::bypass;
    m.x.detail = to_string(why);
    m.stored = false;
    m.collapsed = false;
    m.ranges.clear(); // one transfer from the origin cannot give several: RFC 9110 §14.2 allows the whole instead
    // Where the answer in hand does not cover what is wanted, one exact request does; a second time only where the
    // representation decides otherwise than the range asked: If-Range does not hold, or the 416 to it does not.
    auto range = m.range;
    for (int round = 0; round < 3; ++round) {
        if (!have) {
            auto got = co_await ask(m, range, nullptr);
            if (!got) {
                co_return delivered{got.error()};
            }
            have.emplace(std::move(got.value()));
        }
        const representation r = representation_of(have->head());
        plan p = make_delivery_plan(m, r);
        const bool refused = have->head().status == 416;
        if (refused && p.status != 416 && r.size == 0) {
            m.coded.reset();
            p = plan{}; // an empty object, asked for by range: its whole is nothing
        }
        // A 416 has no validators: what the client's conditions mean is known from a whole answer alone.
        const bool unclear = refused && r.size > 0 && (p.status != 416 || has_conditions(m));
        if (unclear || p.status == 200) {
            range.reset();
        }
        if (!unclear && p.status == 206) {
            range = http::range_spec{http::range_spec::form::bounded, p.bytes.first, p.bytes.last, 0};
        }
        if (unclear || !covers(*have, p)) {
            have->finish();
            have.reset();
            continue;
        }
        std::string head;
        append_head(head, m, r, p);
        result<void> sent;
        if (p.has_body) {
            auto streamed = co_await stream(m, *have, p.bytes, head);
            sent = std::move(streamed);
        } else {
            m.x.note_head_sent();
            auto written = co_await m.x.client.write(head);
            sent = std::move(written);
        }
        have->finish();
        co_return delivered{sent ? std::nullopt : std::optional<error>(sent.error())};
    }
    co_return delivered{
        error{errc::validator_changed, error_source::origin, false, "the object changes while it is read"}};
}

awaitable<result<void>> continue_direct(media_request& m, http::byte_range wanted, const cache::object_info& version,
                                        std::string& before) {
    const http::range_spec range{http::range_spec::form::bounded, wanted.first, wanted.last, 0};
    auto got = co_await ask(m, range, &version);
    if (!got) {
        co_return got.error();
    }
    const auto& head = got.value().head();
    if (!head.has_bytes || head.bytes.first > wanted.first || head.bytes.last < wanted.last) {
        co_return error{errc::bad_content_range, error_source::origin, false};
    }
    auto sent = co_await stream(m, got.value(), wanted, before);
    got.value().finish();
    co_return sent;
}

} // namespace sluice::media
