#pragma once

#include <cstddef>
#include <memory>

namespace sluice::net {

/// A 64 KiB buffer for a body in transfer, taken when it is needed and released between messages. Each thread keeps a
/// few for reuse.
class piece {
public:
    static constexpr std::size_t size = 64 * 1024;

    piece() = default;
    piece(piece&&) noexcept = default;
    piece& operator=(piece&& other) noexcept;
    ~piece() { release(); }

    /// Takes a buffer, unless this has one.
    void allocate();
    /// Releases it for the next.
    void release() noexcept;

    [[nodiscard]] char* data() const noexcept { return bytes_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_ != nullptr; }

private:
    std::unique_ptr<char[]> bytes_;
};

} // namespace sluice::net
