#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/base/clock.hpp>
#include <sluice/http/range.hpp>
#include <sluice/net/client.hpp>
#include <sluice/origin/store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sluice::origin {

/// Gives a fetch up at any time before its response's head has come. On the worker that fetches; for one `fetch` at a
/// time, which it must outlive.
class fetch_canceler {
public:
    /// Cancels it, now and for good: the connection that is being opened, or that an answer is waited for on, is
    /// closed.
    void cancel() {
        request_.cancel();
        if (const auto waiting = waiting_.lock()) {
            waiting->notify();
        }
    }
    /// Whether it was.
    [[nodiscard]] bool canceled() const noexcept { return request_.canceled(); }

    /// For `fetch`: of a request that is alone.
    [[nodiscard]] net::request_canceler* request() noexcept { return &request_; }
    /// For `fetch`: who waits for several requests is woken.
    void wake(const std::shared_ptr<async_event>& waiting) noexcept { waiting_ = waiting; }

private:
    net::request_canceler request_{};
    std::weak_ptr<async_event> waiting_{};
};

/// What a store is asked for.
struct fetch_request {
    std::string_view key;
    sign::method method{sign::method::get};
    std::optional<http::range_spec> range{}; ///< none: the whole object
    std::string_view match{};                ///< only this version (see version.hpp); "": any
    std::optional<std::uint64_t> size{};     ///< with `match`: of that version, which is its validator and its size
    std::string_view none_match{};           ///< only another version; "": any
    steady_clock::time_point give_up;        ///< no attempt begins after it, and none waits longer for a head
    std::function<bool()> is_wanted{};       ///< whether to try again after a failure; none: until `give_up`
    /// Beside a request that brings the same, only later: not tried again, and no word against the store where it
    /// fails.
    bool is_extra{false};
    bool tries_once{false};            ///< rather than try again, the caller does something else
    bool passes_breaker{false};        ///< it goes on with what had begun before the breaker opened
    fetch_canceler* canceler{nullptr}; ///< null: it cannot be canceled
    bool* told_to_wait{nullptr}; ///< set where it is given up as the store asks for more time than there is; or null
};

/// What the head of a store's successful response says, checked against the request.
struct object_head {
    unsigned status{0};       ///< 200, 206, 304 (of none_match only) or 416
    std::uint64_t size{0};    ///< of the whole object
    http::byte_range bytes{}; ///< what the body covers; meaningless where has_bytes is false
    bool has_bytes{false};
    std::string validator; ///< the version (see version.hpp); "" where there is none
    std::string content_type;
    std::string last_modified;
};

/// A response whose body is still to be read. Belongs to the worker that fetched it.
class fetched {
public:
    fetched(object_head h, net::client_response r, metrics::Counter* received);
    fetched(fetched&&) noexcept = default;
    fetched& operator=(fetched&&) noexcept = default;

    /// What the response says of the object.
    [[nodiscard]] const object_head& head() const noexcept { return head_; }
    /// Body bytes not read yet.
    [[nodiscard]] std::uint64_t remaining() const noexcept { return remaining_; }
    /// Reads some of the body into `out`; 0 once `remaining()` is 0. Errors: `short_body`, `connection_lost`,
    /// `timeout`, `protocol_error`, all of source origin. `out` must live until completion.
    awaitable<result<std::size_t>> read(asio::mutable_buffer out);
    /// Closes the connection, so that a pending `read` ends with an error.
    void abort() noexcept { response_.transport().close(); }
    /// Ends reading: returns the connection to its pool where the whole message was read, else closes it.
    void finish();

private:
    object_head head_;
    net::client_response response_;
    metrics::Counter* received_;
    std::uint64_t remaining_{0};
};

/// Asks for the head alone where `r` wants the end of an object and `s` knows no suffix ranges: from the end can be
/// counted only once the size is known.
void replace_unknown_suffix(fetch_request& r, const store& s) noexcept;

/// Signs and sends a request, and checks the head of the response. Retries transient failures (resets, 429, 5xx) until
/// `give_up`, with jittered back-off or after what `Retry-After` says (retry_rules.hpp), and signs again where a cached
/// URL is refused. A request that is given up is reported to the store's breaker, unless all that failed in it were
/// attempts cut short because it had little time left (see breaker.hpp), or the store only asked for a slower pace.
///
/// What `request` refers to must live until completion. Errors, all of source origin unless said otherwise:
/// `breaker_open`, `no_credentials`, `sign_failed` (source internal), `forbidden`, `not_found`, `throttled`,
/// `store_error`, `unexpected_status`, `precondition_failed` (412), `validator_changed`, `bad_content_range`,
/// `content_encoded`, `timeout`, those of a connection, and `canceled` by its canceler.
awaitable<result<fetched>> fetch(net::connection_pool& pool, store& s, fetch_request request);

/// Waits for `d` / 2 to `d`, at random, so that requests which failed together do not retry together.
awaitable<void> back_off(std::chrono::milliseconds d);

/// Checks the head of a response against the request that it answers. Pure. Errors: as for `fetch`.
[[nodiscard]] result<object_head> validate_response(const http::response_head& head, const fetch_request& asked,
                                                    const capabilities& can);

} // namespace sluice::origin
