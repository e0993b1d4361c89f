#pragma once

#include <sluice/http/header_list.hpp>
#include <sluice/session/exchange.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

/// The one writer of response heads: the status line and the response headers.
namespace sluice::session {

/// A field's name as a literal, checked when it is compiled: letters, digits and `-`.
struct field_name {
    consteval field_name(const char* literal)
        : text(literal) {
        for (const char c : text) {
            if (c != '-' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
                throw "not a field name"; // does not compile
            }
        }
    }
    std::string_view text;
};

/// A field's value likewise: visible ASCII and spaces.
struct field_value {
    consteval field_value(const char* literal)
        : text(literal) {
        for (const char c : text) {
            if (c < ' ' || c > '~') {
                throw "not a field value"; // does not compile
            }
        }
    }
    std::string_view text;
};

/// Writes the head of one response behind what `out` holds: a status line, fields in the order of the calls, and the
/// end. A response header of every response of ours is added here. Allocates nothing but what `out` needs, and what
/// cannot stand in a head is never written.
class response_head {
public:
    /// The head of a final response of ours: the status line with its standard reason, and Date, which RFC 9110 §6.6.1
    /// wants in every final response. Sets `x.status`.
    response_head(std::string& out, exchange& x, unsigned status);
    /// A head that is passed on: only the status line. `reason` must be what a status line may hold.
    response_head(std::string& out, unsigned status, std::string_view reason);

    /// Date as it is now; the worker's tick renews it.
    void add_date(const exchange& x);
    /// A field of constants.
    void add_constant(field_name name, field_value value) { append(name.text, value.text); }
    /// False, and nothing is written, where `value` holds a control character.
    bool add(field_name name, std::string_view value);
    /// A number, in decimal.
    void add(field_name name, std::uint64_t value);
    /// A value that is put together where it stands: `write_value(out)` appends it, and must append what a field value
    /// may hold.
    template <std::invocable<std::string&> Write>
    void add(field_name name, Write write_value) {
        out_.append(name.text).append(": ");
        write_value(out_);
        out_.append("\r\n");
    }
    /// A field that somebody else named. False, and nothing is written, where it cannot stand in a head.
    bool add(const http::field_view& field);
    /// All of `fields`, which were checked when they were put there.
    void add(const http::header_list& fields) { out_.append(fields.text()); }
    /// Those of `fields` for whose name `wanted(name)` is true.
    template <std::predicate<std::string_view> Wanted>
    void add_if(const http::header_list& fields, Wanted wanted) {
        for (const auto& field : fields) {
            if (wanted(field.name)) {
                out_.append(field.line);
            }
        }
    }

    /// Ends a final head: whether another request may follow, where that is not the version's default (RFC 9112 §9.3),
    /// and the empty line.
    void end(const exchange& x);
    /// Ends the head of a response that is not the last one on its request (1xx).
    void end() { out_.append("\r\n"); }

private:
    void append(std::string_view name, std::string_view value) {
        out_.append(name).append(": ").append(value).append("\r\n");
    }

    std::string& out_;
};

} // namespace sluice::session
