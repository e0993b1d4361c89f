// Past the cache: the origin's answer straight to the client, through memory where several may want it.
#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/delivery_plan.hpp>
#include <sluice/media/direct_rules.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include "client_fetch.hpp"
#include "direct_question.hpp"

#include <algorithm>
#include <utility>

namespace sluice::media {

namespace {

/// What one read of an answer that is this client's alone takes at most.
constexpr std::size_t max_read = 64 * 1024;
/// Questions to the origin: one more where the answer in hand does not cover what is wanted, and another where the
/// representation decides otherwise than the range asked.
constexpr int max_questions = 3;

/// One client on its way through an answer.
struct direct_delivery {
    const direct_context& with;
    media_request& m;
    direct_answer from;
    http::byte_range wanted;
    std::string& head; ///< not sent yet
    errc why;          ///< it is past the cache
    std::uint64_t position{wanted.first};
    /// For the first byte; a request that asked late has a second all the same.
    steady_clock::time_point give_up{std::max(m.give_up, steady_clock::now() + std::chrono::seconds(1))};
    std::uint64_t began_at{wanted.first}; ///< `position` when this answer began
    std::vector<char> buffer{};           ///< of an answer that is this client's alone
    std::uint64_t read_to{0};             ///< likewise, one past the last byte that was read

    void interrupt() {
        if (from.shared) {
            from.shared->interrupt();
        } else if (from.alone) {
            from.alone->abort();
        }
    }
    /// Turns to another answer.
    void turn_to(direct_answer next) {
        from = std::move(next);
        begin();
    }
    void begin() {
        began_at = position;
        m.x.client.limit_queue(from.shared ? max_queue : 0);
        if (from.shared) {
            from.shared->want({position, wanted.last});
        } else {
            buffer.resize(max_read);
            read_to = from.head().bytes.first;
        }
    }
};

/// Goes on from where the client is with another answer of the same version.
awaitable<result<void>> go_on_with_another(direct_delivery& d) {
    const origin::object_head head = d.from.head(); // the version is in it
    const errc why = d.from.shared ? d.from.shared->stream()->about().why : d.why;
    d.from.finish();
    d.from.alone.reset();
    const http::byte_range rest{d.position, d.wanted.last};
    const known_version version{head.validator, head.size};
    auto next = co_await detail::ask_for_version(d.with.fills, d.m, version, rest, why);
    if (!next) {
        co_return next.error();
    }
    d.turn_to(std::move(next.value()));
    co_return result<void>();
}

/// Whether an answer that is this client's alone, and broke with `e`, is resumed: bytes came since it began.
bool may_resume_alone(const direct_delivery& d, const error& e) {
    return e.retryable && d.m.x.head_sent && d.position > d.began_at && !d.from.head().validator.empty();
}

/// The next bytes of an answer that is this client's alone; what comes before the wanted ones is dropped. Nothing: it
/// was resumed, look again.
awaitable<result<std::string_view>> read_alone(direct_delivery& d) {
    for (;;) {
        std::optional<session::origin_wait> waiting(std::in_place, d.m.x);
        auto n = co_await d.from.alone->read(asio::buffer(d.buffer));
        waiting.reset();
        if (!n && may_resume_alone(d, n.error())) {
            auto resumed = co_await go_on_with_another(d);
            if (!resumed) {
                co_return resumed.error();
            }
            d.m.x.worker.counters.memory_stream_resumes->Increment();
            co_return std::string_view();
        }
        if (!n) {
            co_return n.error();
        }
        if (n.value() == 0) { // what the head promised ends before what is wanted
            co_return error{errc::short_body, error_source::origin, false};
        }
        const std::uint64_t began = std::exchange(d.read_to, d.read_to + n.value());
        if (d.read_to > d.position) {
            const auto skip = static_cast<std::size_t>(d.position - std::min(began, d.position));
            const std::string_view read(d.buffer.data(), n.value());
            co_return read.substr(skip, static_cast<std::size_t>(d.wanted.last + 1 - d.position));
        }
    }
}

/// The next bytes that others may read as well. Nothing: look again.
awaitable<result<std::string_view>> read_shared(direct_delivery& d) {
    const auto s = d.from.shared->next(d.position);
    switch (s.what) {
    case memory_span::kind::readable:
        co_return s.bytes;
    case memory_span::kind::ended:
        if (!s.outcome) {
            co_return s.outcome.error();
        }
        co_return error{errc::short_body, error_source::origin, false};
    case memory_span::kind::left_behind: {
        auto turned = co_await go_on_with_another(d);
        if (!turned) {
            co_return turned.error();
        }
        break;
    }
    case memory_span::kind::wait: {
        d.m.x.client.timer().clear(); // the transfer has time-outs of its own
        const bool may_give_up = !d.m.x.head_sent;
        const session::origin_wait waiting(d.m.x);
        co_await d.from.shared->wait(may_give_up ? d.give_up : steady_clock::time_point::max());
        if (may_give_up && steady_clock::now() >= d.give_up) {
            co_return error{errc::timeout, error_source::origin, true, "what was left of fallback.after"};
        }
        break;
    }
    }
    co_return std::string_view();
}

/// Sends what is wanted as it comes.
awaitable<result<void>> stream(direct_delivery& d) {
    media_request& m = d.m;
    d.begin();
    session::disconnect_watch watch(
        m.x, [](void* delivery) { static_cast<direct_delivery*>(delivery)->interrupt(); }, &d);
    while (d.position <= d.wanted.last) {
        result<std::string_view> piece;
        if (d.from.shared) {
            piece = co_await read_shared(d);
        } else {
            piece = co_await read_alone(d);
        }
        if (watch.client_gone()) {
            co_return session::client_gone();
        }
        if (!piece) {
            co_return piece.error();
        }
        std::string_view bytes = piece.value();
        if (bytes.empty()) {
            continue;
        }
        d.position += bytes.size();
        m.x.bytes.origin += bytes.size();
        if (m.coded) {
            auto coded = co_await m.coded->put(d.with.bodies.reads, bytes, d.head);
            if (!coded) {
                co_return coded;
            }
            bytes = {};
            if (d.head.empty()) { // the encoder still has it
                continue;
            }
        }
        m.x.note_head_sent();
        auto sent = co_await m.x.client.write(d.head, bytes);
        if (!sent) {
            co_return sent.error();
        }
        d.head.clear();
    }
    co_return result<void>();
}

awaitable<result<void>> stream_of(const direct_context& with, media_request& m, direct_answer from,
                                  http::byte_range wanted, std::string& head, errc why) {
    direct_delivery d{with, m, std::move(from), wanted, head, why};
    auto sent = co_await stream(d);
    m.x.client.limit_queue(0);
    d.from.finish();
    co_return sent;
}

/// Sends what is planned from an answer that covers it.
awaitable<result<void>> send_answer(const direct_context& with, media_request& m, direct_answer answer,
                                    const representation& r, const plan& p, errc why) {
    std::string head;
    append_head(head, m, r, p);
    if (p.has_body) {
        co_return co_await stream_of(with, m, std::move(answer), p.bytes, head, why);
    }
    answer.finish();
    m.x.note_head_sent();
    co_return co_await m.x.client.write(head);
}

/// Whether what is planned can be sent from `answer`: a transfer that can go on behind its GET covers that too.
direct_step step_for(const direct_answer& answer, const media_request& m, const plan& p,
                     const std::optional<http::range_spec>& asked) {
    auto step = direct_step_for(answer.head(), p, has_conditions(m.x.request.fields), asked);
    const auto& bytes = answer.head().bytes;
    const bool goes_on = answer.shared && answer.shared->stream()->is_resumable() && bytes.first <= p.bytes.first &&
                         p.bytes.first <= bytes.last;
    step.send = step.send || (p.has_body && (answer.joined || goes_on));
    return step;
}

} // namespace

awaitable<result<void>> deliver_direct(direct_context with, media_request& m, std::optional<direct_answer> have,
                                       errc why) {
    m.x.outcome = metrics::outcome::bypass;
    m.x.detail = to_string(why);
    m.stored = false;
    m.collapsed = have && have->joined;
    m.wanted.several.clear(); // one transfer cannot give several: RFC 9110 §14.2 allows the whole instead
    auto range = m.wanted.single;
    for (int asked = 0; asked < max_questions; ++asked) {
        if (!have) {
            auto got = co_await detail::ask_for_any(with.fills, m, range, why);
            if (!got) {
                co_return got.error();
            }
            have.emplace(std::move(got.value()));
        }
        const origin::object_head about = have->head(); // views into it outlive the transfer
        const representation r = detail::representation_of(about);
        plan p = make_delivery_plan(with.bodies, m, r);
        if (is_empty_whole(about, p)) {
            m.coded.reset();
            p = plan{};
        }
        const auto step = step_for(*have, m, p, range);
        if (step.send) {
            const bool is_anothers = have->joined;
            auto sent = co_await send_answer(with, m, std::move(*have), r, p, why);
            const bool asks_anew = !sent && (is_changed(sent.error().code) || (is_anothers && sent.error().retryable));
            if (!asks_anew || m.x.head_sent || steady_clock::now() >= m.give_up) {
                co_return sent;
            }
        } else { // what another's transfer could not bring, too
            range = step.range;
            have->finish();
        }
        have.reset();
        m.collapsed = false;
    }
    co_return error{errc::validator_changed, error_source::origin, false, "the object changes while it is read"};
}

awaitable<result<void>> continue_direct(direct_context with, media_request& m, http::byte_range wanted,
                                        const cache::object_info& version, std::string& before) {
    const known_version known{version.version.value, version.size};
    auto from = co_await detail::ask_for_version(with.fills, m, known, wanted, errc::disk_error);
    if (!from) {
        co_return from.error();
    }
    co_return co_await stream_of(with, m, std::move(from.value()), wanted, before, errc::disk_error);
}

} // namespace sluice::media
