#pragma once

#include <sluice/base/scoped_registration.hpp>
#include <sluice/media/fill.hpp>

#include <optional>
#include <vector>

namespace sluice::media::detail {

/// What ends a transfer that nobody waits for any more.
[[nodiscard]] inline error nobody_waits() {
    return {errc::canceled, error_source::internal, true};
}

/// A transfer's entry in its worker's list. While it reads from a store, which may be silent for long, nobody but the
/// worker's tick sees that whoever wanted it has left.
class watched_read : public running_fill {
public:
    /// `body`: what is read, where there is any; must outlive this.
    watched_read(fill_context& with, std::optional<origin::fetched>& body)
        : body_(body)
        , entry_(with.running, *this) {}

    void tick() override {
        if (reading && !goes_on()) {
            abandoned_ = true;
            body_->abort();
        }
    }
    /// A read was ended for that.
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    bool reading{false}; ///< `body` is being read

private:
    /// Whether anybody wants it.
    [[nodiscard]] virtual bool goes_on() = 0;

    std::optional<origin::fetched>& body_;
    const scoped_registration<std::vector<running_fill*>> entry_;
    bool abandoned_{false};
};

} // namespace sluice::media::detail
