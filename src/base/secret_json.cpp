#include <sluice/base/secret_json.hpp>

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <openssl/crypto.h>

#include <charconv>
#include <cmath>
#include <new>

namespace sluice {

namespace {

namespace json = boost::json;

constexpr std::int64_t max_number = std::int64_t{1} << 53; // as far as every reader of JSON agrees (RFC 8259 §6)

/// Memory that is wiped when it is freed. As in Boost.JSON's own resource, nothing asks for more than `new` aligns to,
/// and the alignment given at the end is not always that of the beginning.
class wiping_memory final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t /*align*/) override { return ::operator new(size); }
    void do_deallocate(void* memory, std::size_t size, std::size_t /*align*/) override {
        OPENSSL_cleanse(memory, size);
        ::operator delete(memory);
    }
    [[nodiscard]] bool do_is_equal(const json::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

json::value parse(std::string_view text) {
    const auto memory = json::make_shared_resource<wiping_memory>();
    json::parser parser(memory); // for what it keeps while it parses
    parser.reset(memory);        // for the values
    json::error_code ec;
    parser.write(text.data(), text.size(), ec);
    return ec ? json::value() : parser.release();
}

} // namespace

secret_json::secret_json(std::string_view text)
    : value_(parse(text)) {}

std::string_view secret_json::text(std::string_view name) const noexcept {
    return object() == nullptr ? std::string_view() : text(*object(), name);
}

std::string_view secret_json::text(const json::object& in, std::string_view name) noexcept {
    const auto* const value = in.if_contains({name.data(), name.size()});
    const auto* const found = value == nullptr ? nullptr : value->if_string();
    return found == nullptr ? std::string_view() : std::string_view(found->data(), found->size());
}

std::optional<std::int64_t> secret_json::number(std::string_view name) const noexcept {
    const auto* const value = object() == nullptr ? nullptr : object()->if_contains({name.data(), name.size()});
    if (value == nullptr) {
        return std::nullopt;
    }
    std::int64_t found = max_number + 1;
    if (const auto* const digits = value->if_string()) {
        const auto [end, ec] = std::from_chars(digits->data(), digits->data() + digits->size(), found);
        if (ec != std::errc() || end != digits->data() + digits->size()) {
            return std::nullopt;
        }
    } else if (const auto* const whole = value->if_int64()) {
        found = *whole;
    } else if (const auto* const real = value->if_double(); real != nullptr && std::abs(*real) <= double{max_number}) {
        found = static_cast<std::int64_t>(*real);
    }
    return found > max_number || found < -max_number ? std::nullopt : std::optional(found);
}

} // namespace sluice
