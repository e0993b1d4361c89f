#pragma once

#include <sluice/base/text.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

/// Parsed message heads as views into the buffer they were read into: nothing is copied.
namespace sluice::http {

/// One header field (RFC 9110 §5), its value without surrounding white space. Views into the read buffer.
struct field_view {
    std::string_view name;
    std::string_view value;
};

/// True where `a` and `b` are the same field name: ASCII case does not count.
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    // Here, since nearly all of the names that a name is compared with have another length: no call for those.
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

/// The fields of one head, in the order they came.
struct field_list {
    std::vector<field_view> items;

    /// The first field of that name, or nullptr.
    [[nodiscard]] const field_view* find(std::string_view name) const noexcept;
    /// Its value, or "" where there is none.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept;
    /// How many fields have that name.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    /// True where any field of that name, read as a comma-separated list (RFC 9110 §5.6.1), has `token` as a member,
    /// ASCII case aside.
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;
};

/// How a message's body ends (RFC 9112 §6).
enum class body_kind : std::uint8_t { none, length, chunked, until_close };

/// The head of a request. Views into the buffer that was parsed.
struct request_head {
    std::string_view method;
    std::string_view target;
    unsigned version{11}; ///< 10 or 11
    field_list fields;
};

/// The head of a response. Views into the buffer that was parsed.
struct response_head {
    unsigned status{0};
    std::string_view reason;
    unsigned version{11};
    field_list fields;
};

} // namespace sluice::http
