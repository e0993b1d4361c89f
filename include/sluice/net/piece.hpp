#pragma once

#include <cstddef>
#include <memory>

namespace sluice::net {

/// A 64 KiB buffer for a body on its way, taken when it is needed and given up between messages. Each thread keeps a
/// few for the next taker.
class piece {
public:
    static constexpr std::size_t size = 64 * 1024;

    piece() = default;
    piece(piece&&) noexcept = default;
    piece& operator=(piece&& other) noexcept;
    ~piece() { release(); }

    /// Takes a buffer, unless there is one already.
    void allocate();
    /// Gives it up.
    void release() noexcept;

    [[nodiscard]] char* data() const noexcept { return bytes_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_ != nullptr; }

private:
    std::unique_ptr<char[]> bytes_;
};

} // namespace sluice::net
