// Past the cache: the origin's answer straight to the client.
#include <sluice/media/deliver.hpp>
#include <sluice/media/delivery_plan.hpp>
#include <sluice/media/direct_rules.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include "client_fetch.hpp"

#include <algorithm>

namespace sluice::media {

namespace {

/// What one read of the origin takes at most.
constexpr std::size_t max_read = 64 * 1024;
/// Questions to the origin: one more where the answer in hand does not cover what is wanted, and another where the
/// representation decides otherwise than the range asked.
constexpr int max_questions = 3;

representation representation_of(const origin::object_head& h) {
    return {h.size, h.validator, h.content_type, h.last_modified, std::chrono::system_clock::now()};
}

/// `version`: what alone is wanted; nullptr: any.
awaitable<result<origin::fetched>> ask(const direct_context& with, media_request& m,
                                       std::optional<http::range_spec> range, const cache::object_info* version) {
    auto r = detail::request_for_client(m, range);
    if (version != nullptr) {
        r.match = version->version.value;
        r.size = version->size;
    }
    r.give_up = std::max(m.give_up, steady_clock::now() + std::chrono::seconds(1));
    co_return co_await detail::fetch_for_client(with.origin_pool, m, r);
}

/// Reads and drops what comes before the wanted bytes, then sends them as they come.
awaitable<result<void>> stream(file_pool& reads, media_request& m, origin::fetched& from,
                               const http::byte_range& wanted, std::string& head) {
    std::vector<char> buffer(max_read);
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
            auto coded = co_await m.coded->put(reads, piece, head);
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

/// Sends what is planned from an answer that covers it.
awaitable<result<void>> send_answer(const direct_context& with, media_request& m, origin::fetched& answer,
                                    const representation& r, const plan& p) {
    std::string head;
    append_head(head, m, r, p);
    if (p.has_body) {
        co_return co_await stream(with.bodies.reads, m, answer, p.bytes, head);
    }
    m.x.note_head_sent();
    co_return co_await m.x.client.write(head);
}

} // namespace

awaitable<result<void>> deliver_direct(direct_context with, media_request& m, std::optional<origin::fetched> have,
                                       errc why) {
    m.x.outcome = metrics::outcome::bypass;
    m.x.detail = to_string(why);
    m.stored = false;
    m.collapsed = false;
    m.wanted.several.clear(); // one transfer cannot give several: RFC 9110 §14.2 allows the whole instead
    auto range = m.wanted.single;
    for (int question = 0; question < max_questions; ++question) {
        if (!have) {
            auto got = co_await ask(with, m, range, nullptr);
            if (!got) {
                co_return got.error();
            }
            have.emplace(std::move(got.value()));
        }
        const representation r = representation_of(have->head());
        plan p = make_delivery_plan(with.bodies, m, r);
        if (is_empty_whole(have->head(), p)) {
            m.coded.reset();
            p = plan{};
        }
        const auto step = direct_step_for(have->head(), p, has_conditions(m.x.request.fields), range);
        if (step.send) {
            auto sent = co_await send_answer(with, m, *have, r, p);
            have->finish();
            co_return sent;
        }
        range = step.range;
        have->finish();
        have.reset();
    }
    co_return error{errc::validator_changed, error_source::origin, false, "the object changes while it is read"};
}

awaitable<result<void>> continue_direct(direct_context with, media_request& m, http::byte_range wanted,
                                        const cache::object_info& version, std::string& before) {
    const http::range_spec range{http::range_spec::form::bounded, wanted.first, wanted.last, 0};
    auto got = co_await ask(with, m, range, &version);
    if (!got) {
        co_return got.error();
    }
    const auto& head = got.value().head();
    if (!head.has_bytes || head.bytes.first > wanted.first || head.bytes.last < wanted.last) {
        co_return error{errc::bad_content_range, error_source::origin, false};
    }
    auto sent = co_await stream(with.bodies.reads, m, got.value(), wanted, before);
    got.value().finish();
    co_return sent;
}

} // namespace sluice::media
