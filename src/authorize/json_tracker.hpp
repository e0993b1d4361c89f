#pragma once

#include <sluice/authorize/json_pointers.hpp>

#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::authorize::detail {

/// `protocol_error` and `too_large`, of source app.
[[nodiscard]] error malformed(std::string detail);
[[nodiscard]] error oversized(std::string detail);

/// What is looked for at one pointer, and how much of the way to it the parser is on.
struct json_target {
    std::vector<std::string> tokens;
    bool possible{true};   ///< false for a text that is no pointer
    std::size_t on_way{0}; ///< tokens that the open containers, and the current member, agree with
    std::size_t passed{0}; ///< tokens whose key was seen: seeing one again is a duplicate
    json_pointer_reader::kind found{json_pointer_reader::kind::absent};
    std::optional<std::string> value;
};

/// The handler of a boost::json::basic_parser, which calls it. Keeps no more of the document than where in it the
/// parser is, and the strings that are looked for.
class json_tracker {
public:
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    explicit json_tracker(const std::vector<std::string>& pointers);

    [[nodiscard]] const std::vector<json_target>& all() const noexcept { return targets_; }
    /// Why the parser was told to stop; a success where it was not.
    [[nodiscard]] const result<void>& outcome() const noexcept { return outcome_; }

    using code = boost::json::error_code;
    using text = boost::json::string_view;

    bool on_document_begin(code& /*ec*/) { return true; }
    bool on_document_end(code& /*ec*/) { return true; }
    bool on_object_begin(code& /*ec*/) { return open(false); }
    bool on_object_end(std::size_t /*n*/, code& /*ec*/) { return close(); }
    bool on_array_begin(code& /*ec*/) { return open(true); }
    bool on_array_end(std::size_t /*n*/, code& /*ec*/) { return close(); }
    bool on_key_part(text part, std::size_t n, code& ec);
    bool on_key(text part, std::size_t n, code& ec);
    bool on_string_part(text part, std::size_t n, code& ec);
    bool on_string(text part, std::size_t n, code& ec);
    bool on_number_part(text part, code& /*ec*/) { return add_digits(part); }
    bool on_int64(std::int64_t /*i*/, text digits, code& /*ec*/) { return end_number(digits); }
    bool on_uint64(std::uint64_t /*u*/, text digits, code& /*ec*/) { return end_number(digits); }
    bool on_double(double /*d*/, text digits, code& /*ec*/) { return end_number(digits); }
    bool on_bool(bool /*b*/, code& /*ec*/) { return begin_value(kind::other); }
    bool on_null(code& /*ec*/) { return begin_value(kind::null); }
    bool on_comment_part(text /*part*/, code& /*ec*/) { return true; }
    bool on_comment(text /*part*/, code& /*ec*/) { return true; }

private:
    using kind = json_pointer_reader::kind;

    struct container {
        bool is_array;
        std::size_t next; ///< an array's index of its next element
    };

    bool fail(error e, code& ec);
    bool enter(std::string_view name, code& ec);
    bool begin_value(kind what);
    bool add_digits(text part);
    bool end_number(text digits);
    bool open(bool is_array);
    bool close();

    std::vector<json_target> targets_;
    std::vector<container> open_;
    std::string key_;
    std::string text_;
    std::string digits_; ///< of the number that is being read, as it stands there
    bool in_string_{false};
    bool hit_{false};
    result<void> outcome_{};
};

} // namespace sluice::authorize::detail
