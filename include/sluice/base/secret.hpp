#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// Overwrites all that `text` has room for, and empties it. What it held where it was before it last grew is not
/// reached.
void wipe(std::string& text) noexcept;

/// A string that is wiped when it is dropped or assigned over, and that no stream or formatter prints.
///
/// The one way to its text is `reveal()`, so that a search for it lists every use.
class secret {
public:
    secret() = default;
    explicit secret(std::string_view text);
    secret(const secret& other);
    secret(secret&& other) noexcept;
    secret& operator=(const secret& other);
    secret& operator=(secret&& other) noexcept;
    ~secret();

    /// The text; valid until this object changes or ends.
    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    std::string text_;
};

/// Text with secrets in it that is being written or read: wiped when it goes, and where `reserve` and `append` move it.
/// Whoever makes `text` longer in another way reserves first, since a string that grows leaves its old place as it was.
struct wiped_text {
    std::string text;

    wiped_text() = default;
    /// Takes `from` over and wipes what is left there.
    explicit wiped_text(std::string&& from);
    wiped_text(const wiped_text&) = delete;
    wiped_text& operator=(const wiped_text&) = delete;
    ~wiped_text();

    /// Makes room for `size` bytes in all.
    void reserve(std::size_t size);
    /// Adds `more`, which must not be of this text.
    wiped_text& append(std::string_view more);
};

} // namespace sluice
