#include <sluice/http/fields.hpp>
#include <sluice/http/head.hpp>

#include <algorithm>

namespace sluice::http {

const field_view* field_list::find(std::string_view name) const noexcept {
    for (const auto& field : items)
        if (same_name(field.name, name))
            return &field;
    return nullptr;
}

std::string_view field_list::value(std::string_view name) const noexcept {
    const auto* field = find(name);
    return field ? field->value : std::string_view{};
}

std::size_t field_list::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(items, [name](const field_view& field) { return same_name(field.name, name); }));
}

bool field_list::has_token(std::string_view name, std::string_view token) const noexcept {
    return std::ranges::any_of(items, [&](const field_view& field) {
        return same_name(field.name, name) && list_contains(field.value, token);
    });
}

} // namespace sluice::http
