#include <sluice/base/scratch.hpp>
#include <sluice/base/thread_spares.hpp>

namespace sluice {

namespace {

constexpr std::size_t initial_capacity = 2048;
constexpr std::size_t max_capacity = 64 * 1024;

using spares = thread_spares<std::string, 128>;

} // namespace

scratch::scratch()
    : text(spares::take()) {
    text.reserve(initial_capacity);
}

scratch::~scratch() {
    if (text.capacity() >= initial_capacity && text.capacity() <= max_capacity) {
        text.clear();
        spares::keep(std::move(text));
    }
}

} // namespace sluice
