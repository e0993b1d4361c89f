#include <sluice/base/assert.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/header_list.hpp>

namespace sluice::http {

header_list::header_list(std::initializer_list<field_view> fields) {
    for (const auto& f : fields) {
        add(f.name, f.value);
    }
}

bool header_list::add(std::string_view name, std::string_view value) {
    const auto at = text_.size();
    if (!append_field(text_, name, value)) {
        return false;
    }
    starts_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size())});
    return true;
}

void header_list::add(const header_list& other) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    text_.append(other.text_);
    for (const auto& each : other.starts_) {
        starts_.push_back({at + each.at, each.name_size});
    }
}

header_list::field header_list::at(std::size_t index) const noexcept {
    SLUICE_ASSERT(index < starts_.size());
    constexpr std::size_t colon = 2; // ": "
    constexpr std::size_t crlf = 2;
    const start* const starts = starts_.data() + index;
    const std::size_t end = index + 1 == starts_.size() ? text_.size() : starts[1].at;
    const char* const line = text_.data() + starts->at;
    const std::size_t size = end - starts->at;
    const std::size_t name_size = starts->name_size;
    return {{line, name_size}, {line + name_size + colon, size - name_size - colon - crlf}, {line, size}};
}

bool header_list::contains(std::string_view name) const noexcept {
    const char* const text = text_.data();
    for (const auto& each : starts_) {
        if (each.name_size == name.size() && same_name({text + each.at, name.size()}, name)) {
            return true;
        }
    }
    return false;
}

std::string_view header_list::value(std::string_view name) const noexcept {
    for (const auto& f : *this) {
        if (same_name(f.name, name)) {
            return f.value;
        }
    }
    return {};
}

void header_list::shrink_to_fit() {
    text_.shrink_to_fit();
    starts_.shrink_to_fit();
}

std::array<std::size_t, 2> header_list::heap_blocks() const noexcept {
    const bool in_place = text_.capacity() <= std::string().capacity();
    return {in_place ? 0 : text_.capacity() + 1, starts_.capacity() * sizeof(start)};
}

} // namespace sluice::http
