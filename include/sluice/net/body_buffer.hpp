#pragma once

#include <cstddef>
#include <memory>

namespace sluice::net {

/// A 64 KiB buffer for a body in transfer, taken when it is needed and released between messages. Each thread keeps a
/// few for reuse.
class body_buffer {
public:
    /// In bytes.
    static constexpr std::size_t size = 64 * 1024;

    body_buffer() = default;
    body_buffer(body_buffer&&) noexcept = default;
    body_buffer& operator=(body_buffer&& other) noexcept;
    ~body_buffer() { release(); }

    /// Takes a buffer, unless this has one.
    void allocate();
    /// Releases it for the next.
    void release() noexcept;

    /// nullptr where none is taken.
    [[nodiscard]] char* data() const noexcept { return bytes_.get(); }
    [[nodiscard]] explicit operator bool() const noexcept { return bytes_ != nullptr; }

private:
    std::unique_ptr<char[]> bytes_;
};

} // namespace sluice::net
