#pragma once

#include <sluice/media/memory_stream.hpp>
#include <sluice/origin/fetch.hpp>

#include <memory>
#include <optional>

namespace sluice::media {

/// An answer of the origin that goes to the client past the cache: through memory, which others may share, or, where
/// there is none, to this client alone. Exactly one of both.
struct direct_answer {
    std::unique_ptr<memory_follower> shared{};
    std::optional<origin::fetched> alone{};
    bool joined{false}; ///< another's, to which this client came later

    /// What it says of the object.
    [[nodiscard]] const origin::object_head& head() const noexcept {
        return shared ? shared->stream()->about().head : alone->head();
    }
    /// Nothing more is read of it.
    void finish() {
        shared.reset();
        if (alone) {
            alone->finish();
        }
    }
};

} // namespace sluice::media
