#pragma once

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

/// Searches each block of memory that is given back for a secret. For one file of a program alone: this replaces the
/// program's operators.
namespace {

/// Found in what is given back. Of base64's alphabet and of the length of whole groups, so that it may be in a key.
constexpr std::string_view mark = "WIPEme0123456789abcd";
std::atomic<bool> looking{false};
std::atomic<int> left{0};

void give_back(void* memory) noexcept {
    if (memory != nullptr && looking) {
        const std::string_view bytes(static_cast<const char*>(memory), ::malloc_usable_size(memory));
        left += bytes.find(mark) == std::string_view::npos ? 0 : 1;
    }
    std::free(memory);
}

/// Blank, so that what an earlier owner left is not found.
void* blank(std::size_t size, std::size_t align) noexcept {
    const std::size_t whole = (size + align) / align * align;
    void* const memory = std::aligned_alloc(align, whole);
    return memory == nullptr ? nullptr : std::memset(memory, 0, whole);
}

} // namespace

void* operator new(std::size_t size) {
    void* const memory = blank(size, alignof(std::max_align_t));
    return memory == nullptr ? throw std::bad_alloc() : memory;
}
void* operator new(std::size_t size, std::align_val_t align) {
    void* const memory = blank(size, std::max(static_cast<std::size_t>(align), alignof(std::max_align_t)));
    return memory == nullptr ? throw std::bad_alloc() : memory;
}
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
    return blank(size, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, const std::nothrow_t& /*nothrow*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::align_val_t /*align*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*align*/) noexcept {
    give_back(memory);
}

namespace sluice::identity::test {
namespace {

/// How many blocks with the mark `act` gives back.
template <class F>
int blocks_left_by(F act) {
    left = 0;
    looking = true;
    act();
    looking = false;
    return left;
}

/// Longer than what strings and parsers hold in themselves.
const std::string hush = std::string(mark) + std::string(5000, 'x') + std::string(mark);

} // namespace
} // namespace sluice::identity::test
