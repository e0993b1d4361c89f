#pragma once

#include <string>
#include <string_view>

namespace sluice {

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
    void wipe() noexcept;
    std::string text_;
};

} // namespace sluice
