#pragma once

namespace sluice::net {

/// Cancels a request whose connection is being opened, that is being sent, or whose response is being read: pending
/// operations fail, and nothing is sent again. On the request's worker; must outlive the request.
class request_canceler {
public:
    /// Cancels it, now and for good.
    void cancel() {
        canceled_ = true;
        if (end_ != nullptr) {
            end_(pending_);
        }
    }
    /// Whether it was.
    [[nodiscard]] bool canceled() const noexcept { return canceled_; }

    /// For what the request waits for now: `cancel` calls `end(pending)`, until the next call of this or `release`.
    void set_pending(void (*end)(void* pending), void* pending) noexcept {
        end_ = end;
        pending_ = pending;
    }
    /// `cancel` ends nothing any more.
    void release() noexcept { set_pending(nullptr, nullptr); }

private:
    void (*end_)(void*){nullptr};
    void* pending_{nullptr};
    bool canceled_{false};
};

/// Has `canceler` (nullptr: none) end `pending` for as long as this object exists. One at a time: they do not nest.
class [[nodiscard]] pending_scope {
public:
    pending_scope(request_canceler* canceler, void (*end)(void* pending), void* pending) noexcept
        : canceler_(canceler) {
        if (canceler_ != nullptr) {
            canceler_->set_pending(end, pending);
        }
    }
    pending_scope(const pending_scope&) = delete;
    pending_scope& operator=(const pending_scope&) = delete;
    ~pending_scope() {
        if (canceler_ != nullptr) {
            canceler_->release();
        }
    }

private:
    request_canceler* canceler_;
};

/// Whether there is one and it has canceled its request.
[[nodiscard]] inline bool is_canceled(const request_canceler* canceler) noexcept {
    return canceler != nullptr && canceler->canceled();
}

} // namespace sluice::net
