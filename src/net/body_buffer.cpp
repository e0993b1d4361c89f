#include <sluice/base/thread_spares.hpp>
#include <sluice/net/body_buffer.hpp>

#include <utility>

namespace sluice::net {
namespace {

using spares = thread_spares<std::unique_ptr<char[]>, 16>;

} // namespace

body_buffer& body_buffer::operator=(body_buffer&& other) noexcept {
    if (this != &other) {
        release();
        bytes_ = std::move(other.bytes_);
    }
    return *this;
}

void body_buffer::allocate() {
    if (bytes_) {
        return;
    }
    bytes_ = spares::take();
    if (!bytes_) {
        bytes_ = std::make_unique_for_overwrite<char[]>(size);
    }
}

void body_buffer::release() noexcept {
    if (bytes_) {
        spares::keep(std::move(bytes_));
    }
}

} // namespace sluice::net
