#include <sluice/base/scratch.hpp>

#include <vector>

namespace sluice {

namespace {

constexpr std::size_t first_room = 2048;
constexpr std::size_t most_room = 64 * 1024;
constexpr std::size_t kept = 128;

std::vector<std::string>& spare() {
    thread_local std::vector<std::string> texts = [] {
        std::vector<std::string> v;
        v.reserve(kept); // so that giving one back cannot throw
        return v;
    }();
    return texts;
}

} // namespace

scratch::scratch() {
    auto& texts = spare();
    if (texts.empty()) {
        text.reserve(first_room);
    } else {
        text = std::move(texts.back());
        texts.pop_back();
    }
}

scratch::~scratch() {
    auto& texts = spare();
    if (texts.size() < kept && text.capacity() >= first_room && text.capacity() <= most_room) {
        text.clear();
        texts.push_back(std::move(text));
    }
}

} // namespace sluice
