#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Overwrites the whole capacity of `text`, and empties it. Copies that it left behind when it grew are not reached.
void wipe(std::string& text) noexcept;

/// A string that is wiped when it is destroyed or overwritten, and that no stream or formatter prints.
///
/// `reveal()` is the only access to its text, so that a search for it lists every use.
class secret {
public:
    secret() = default;
    /// Copies `text`.
    explicit secret(std::string_view text);
    secret(const secret& other);
    secret(secret&& other) noexcept;
    secret& operator=(const secret& other);
    secret& operator=(secret&& other) noexcept;
    ~secret();

    /// The text; valid until this object changes or ends.
    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    /// Whether there is no text.
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    std::string text_;
};

/// A text with secrets that is being built or parsed: wiped at its end, and where `reserve` and `append` move it.
/// Reserve before making `text` longer in any other way: a string that grows leaves its old memory as it was.
struct wiped_text {
    std::string text;

    wiped_text() = default;
    /// Takes over the text of `from`, and wipes what is left there.
    explicit wiped_text(std::string&& from);
    wiped_text(const wiped_text&) = delete;
    wiped_text& operator=(const wiped_text&) = delete;
    ~wiped_text();

    /// Makes room for `size` bytes in all.
    void reserve(std::size_t size);
    /// Appends `more`, which must not be a part of this text.
    wiped_text& append(std::string_view more);
};

} // namespace sluice
