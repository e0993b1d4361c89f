#pragma once

#include <sluice/http/head.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

/// Fields of a head that is still to be sent, name and value, in the order in which they are to be written.
///
/// Each is checked when it is added, so that whoever writes a head can take it as it is. All of them are one text
/// beside where each begins: a list is kept with every decision, and writing it out is one copy.
class header_list {
public:
    /// One field. Views, valid until the list changes.
    struct field {
        std::string_view name;
        std::string_view value;
        std::string_view line; ///< as it is written, CRLF included
    };

    /// Goes through the fields in their order.
    class iterator {
    public:
        iterator(const header_list& list, std::size_t index) noexcept
            : list_(&list)
            , index_(index) {}
        [[nodiscard]] field operator*() const noexcept { return list_->at(index_); }
        iterator& operator++() noexcept {
            ++index_;
            return *this;
        }
        [[nodiscard]] bool operator==(const iterator& other) const noexcept { return index_ == other.index_; }

    private:
        const header_list* list_;
        std::size_t index_;
    };

    header_list() = default;
    /// For constants: what cannot be written is left out, as by `add`.
    header_list(std::initializer_list<field_view> fields);

    /// Adds a field behind the others. False, and nothing is added, where `name` is not a token or `value` holds a
    /// control character other than HTAB.
    bool add(std::string_view name, std::string_view value);
    /// Adds all of `other` behind the others.
    void add(const header_list& other);

    /// Whether there is no field.
    [[nodiscard]] bool empty() const noexcept { return starts_.empty(); }
    /// How many fields there are.
    [[nodiscard]] std::size_t size() const noexcept { return starts_.size(); }
    /// Whether there is a field of that name; ASCII case does not count.
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    /// The value of the first field of that name; "" where there is none.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept;
    /// The first field. Valid until the list changes, as is `end`.
    [[nodiscard]] iterator begin() const noexcept { return {*this, 0}; }
    /// Behind the last field.
    [[nodiscard]] iterator end() const noexcept { return {*this, starts_.size()}; }
    /// All of them as they are written, each with its CRLF. Valid until the list changes.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    /// Gives up memory that is not needed; for a list that is kept.
    void shrink_to_fit();
    /// The sizes of its blocks on the heap, in bytes; 0: none. For whoever accounts for memory.
    [[nodiscard]] std::array<std::size_t, 2> heap_blocks() const noexcept;

private:
    struct start {
        std::uint32_t at; ///< of the name
        std::uint32_t name_size;
    };

    [[nodiscard]] field at(std::size_t index) const noexcept;

    std::string text_;
    std::vector<start> starts_;
};

/// The list that has no field; lives forever.
inline const header_list no_fields;

} // namespace sluice::http
