// Files of local stores. Whoever writes to one in place changes the bytes that are on their way: those too that
// sendfile has handed to the socket, which are the file's own pages until the client's host has acknowledged them.
#include <sluice/media/deliver.hpp>
#include <sluice/media/delivery_plan.hpp>
#include <sluice/media/file_method.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/send_file.hpp>
#include <sluice/origin/local.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// A file that is written to again and again is not waited for; the app answers.
constexpr int max_attempts = 3;
/// What sendfile sends between two looks at the file.
constexpr std::uint64_t max_stretch = 8U << 20U;
/// What is copied at a time.
constexpr std::uint64_t max_copy = 64 * 1024;

/// One file on its way to one client.
struct local_delivery {
    body_context with;
    media_request& m;
    const origin::local_object& file;
    plan to_send;
    std::string out; ///< not sent yet: the head, what stands between parts, and bytes of the file

    [[nodiscard]] std::size_t part_count() const { return to_send.several ? to_send.several->parts.size() : 1; }
    [[nodiscard]] const http::byte_range& part(std::size_t i) const {
        return to_send.several ? to_send.several->parts[i] : to_send.bytes;
    }
    void append_part_head(std::size_t i) {
        if (to_send.several) {
            out += to_send.several->part_head(i);
        }
    }
    void append_closing() {
        if (to_send.several) {
            out += to_send.several->closing();
        }
    }
};

error written_to() {
    return {errc::validator_changed, error_source::origin, false, "the file was written to while it was sent"};
}

/// Why a read failed: I/O error, or the file changed.
error unreadable(const local_delivery& d) {
    return d.file.is_unchanged() ? error{errc::disk_error, error_source::origin, false, "cannot be read"}
                                 : written_to();
}

std::uint64_t body_size(const local_delivery& d) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < d.part_count(); ++i) {
        size += d.part(i).length();
    }
    return size;
}

/// Reads [first, last] of the file behind `d.out`.
awaitable<bool> take(local_delivery& d, std::uint64_t first, std::uint64_t last) {
    const auto length = static_cast<std::size_t>(last - first + 1);
    const std::size_t at = d.out.size();
    d.out.resize(at + length);
    const bool whole = co_await read_file(d.with.reads, d.file.fd, d.out.data() + at, length, first);
    co_return whole;
}

/// Sends `d.out`.
awaitable<result<void>> flush(local_delivery& d) {
    d.m.x.note_head_sent();
    auto sent = co_await d.m.x.client.write(d.out);
    d.out.clear();
    co_return sent;
}

/// All of it in one write, which begins once the file was looked at again.
awaitable<result<void>> send_at_once(local_delivery& d) {
    for (std::size_t i = 0; i < d.part_count(); ++i) {
        d.append_part_head(i);
        const bool whole = co_await take(d, d.part(i).first, d.part(i).last);
        if (!whole) {
            co_return unreadable(d);
        }
    }
    d.append_closing();
    if (!d.file.is_unchanged()) {
        co_return written_to();
    }
    auto sent = co_await flush(d);
    if (sent) {
        d.m.x.bytes.origin += body_size(d);
    }
    co_return sent;
}

/// Piece by piece, each of which leaves once the file was looked at again.
awaitable<result<void>> send_copies(local_delivery& d) {
    for (std::size_t i = 0; i < d.part_count(); ++i) {
        d.append_part_head(i);
        const auto bytes = d.part(i);
        for (std::uint64_t at = bytes.first; at <= bytes.last;) {
            const std::uint64_t last = std::min(bytes.last, at + max_copy - 1);
            const bool whole = co_await take(d, at, last);
            if (!whole) {
                co_return unreadable(d);
            }
            if (!d.file.is_unchanged()) {
                co_return written_to();
            }
            auto sent = co_await flush(d);
            if (!sent) {
                co_return sent;
            }
            d.m.x.bytes.origin += last - at + 1;
            at = last + 1;
        }
    }
    d.append_closing();
    co_return co_await flush(d);
}

/// Compressed, each piece once the file was looked at again.
awaitable<result<void>> send_compressed(local_delivery& d) {
    for (std::uint64_t at = 0; at < d.file.size;) {
        const std::uint64_t last = std::min(d.file.size, at + max_coded_piece) - 1;
        auto coded = co_await d.m.coded->put_file(d.with.reads, d.file.fd, at, last, d.out);
        if (!coded) {
            co_return coded.error().code == errc::disk_error ? unreadable(d) : coded.error();
        }
        if (!d.file.is_unchanged()) {
            co_return written_to();
        }
        if (!d.out.empty()) { // else the encoder still has it
            auto sent = co_await flush(d);
            if (!sent) {
                co_return sent;
            }
        }
        d.m.x.bytes.origin += last - at + 1;
        at = last + 1;
    }
    co_return result<void>();
}

/// By sendfile, in stretches.
awaitable<result<void>> send_pages(local_delivery& d, std::uint64_t first, std::uint64_t last) {
    while (first <= last) {
        const std::uint64_t begin = first;
        const std::uint64_t end = std::min(last, first + max_stretch - 1);
        auto sent = co_await send_file(d.m.x, d.with.reads, d.file.fd, first, end, d.out);
        d.m.x.bytes.origin += first - begin;
        if (!sent) {
            co_return sent.error().source == error_source::client ? sent.error() : unreadable(d);
        }
        if (!d.file.is_unchanged()) {
            co_return written_to();
        }
    }
    co_return result<void>();
}

/// The end, from memory: all but its last byte at once, so that the client's host goes on acknowledging, and that byte
/// when none of the file's pages is in the socket any more and the file is still what it was.
awaitable<result<void>> send_end(local_delivery& d, std::uint64_t first, std::uint64_t last) {
    if (!d.m.x.client.can_write()) { // for a client that takes nothing, nothing is held either
        auto ready = co_await d.m.x.client.wait_writable();
        if (!ready) {
            co_return ready;
        }
    }
    const bool whole = co_await take(d, first, last);
    if (!whole) {
        co_return unreadable(d);
    }
    d.append_closing();
    const char final = d.out.back();
    d.out.pop_back();
    const std::size_t copied = d.out.size();
    auto sent = co_await flush(d);
    if (!sent) {
        co_return sent;
    }
    std::string(1, final).swap(d.out); // whoever is slow to acknowledge holds no memory of ours but the socket's
    auto taken = co_await d.m.x.client.wait_acknowledged(copied);
    if (!taken) {
        co_return taken;
    }
    if (!d.file.is_unchanged()) {
        co_return written_to();
    }
    sent = co_await flush(d);
    if (sent) {
        d.m.x.bytes.origin += last - first + 1;
    }
    co_return sent;
}

awaitable<result<void>> send_by_sendfile(local_delivery& d) {
    const std::size_t end = d.part_count() - 1;
    for (std::size_t i = 0; i < end; ++i) {
        d.append_part_head(i);
        auto sent = co_await send_pages(d, d.part(i).first, d.part(i).last);
        if (!sent) {
            co_return sent;
        }
    }
    const auto bytes = d.part(end);
    d.append_part_head(end);
    const std::uint64_t rest = std::min(file_end_size, bytes.length());
    if (rest < bytes.length()) {
        auto sent = co_await send_pages(d, bytes.first, bytes.last - rest);
        if (!sent) {
            co_return sent;
        }
    }
    co_return co_await send_end(d, bytes.last - rest + 1, bytes.last);
}

awaitable<result<void>> send_version(const body_context& with, media_request& m, const origin::local_object& o) {
    const representation r{o.size, o.etag, o.content_type, o.last_modified, std::chrono::system_clock::now()};
    local_delivery d{with, m, o, make_delivery_plan(with, m, r), {}};
    append_head(d.out, m, r, d.to_send);
    switch (file_method_for(d.to_send.has_body, m.coded != nullptr, body_size(d), m.store.settings().copy)) {
    case file_method::none:
        co_return co_await flush(d);
    case file_method::encoded:
        co_return co_await send_compressed(d);
    case file_method::at_once:
        co_return co_await send_at_once(d);
    case file_method::copied:
        co_return co_await send_copies(d);
    case file_method::by_sendfile:
        break;
    }
    co_return co_await send_by_sendfile(d);
}

} // namespace

awaitable<result<void>> deliver_local(body_context with, media_request& m) {
    m.x.outcome = metrics::outcome::local;
    m.x.detail = "local";
    result<void> sent;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        auto job = [root = m.store.settings().root, key = m.key] { return origin::open_local(root, key); };
        auto opened = co_await with.reads.run(std::move(job));
        if (!opened) {
            co_return opened.error();
        }
        sent = co_await send_version(with, m, *opened.value());
        if (sent || m.x.head_sent || sent.error().code != errc::validator_changed) {
            break;
        }
    }
    co_return sent;
}

} // namespace sluice::media
