#include <sluice/authorize/json_pointers.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include "json_tracker.hpp"

#include <utility>

namespace sluice::authorize {

using detail::json_tracker;
using detail::malformed;
using detail::oversized;

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 64;

json::parse_options strict() {
    json::parse_options options;
    options.max_depth = max_depth;
    return options;
}

const std::optional<std::string> no_value;

} // namespace

class json_pointer_reader::machine {
public:
    machine(const std::vector<std::string>& pointers, std::size_t cap)
        : parser_(strict(), pointers)
        , left_(cap) {}

    result<void> feed(std::string_view piece, bool last) {
        if (!outcome_) {
            return outcome_;
        }
        if (finished_) { // the parser would begin anew
            return piece.empty() ? result<void>() : fail(malformed("bytes after the end"));
        }
        if (piece.size() > left_) {
            return fail(oversized("an answer to resolve"));
        }
        left_ -= piece.size();
        if (piece.empty() && !last) {
            return {};
        }
        json::error_code ec;
        const auto taken = parser_.write_some(!last, piece.data(), piece.size(), ec);
        if (!parser_.handler().outcome()) {
            return fail(parser_.handler().outcome().error());
        }
        if (ec) {
            return fail(malformed(ec.message()));
        }
        if (taken < piece.size()) {
            return fail(malformed("more than one JSON text"));
        }
        finished_ = last;
        return {};
    }

    [[nodiscard]] const detail::json_target* at(std::size_t i) const noexcept {
        const auto& all = parser_.handler().all();
        return finished_ && i < all.size() ? &all[i] : nullptr;
    }

private:
    result<void> fail(error e) {
        outcome_ = std::move(e);
        finished_ = false;
        return outcome_;
    }

    json::basic_parser<json_tracker> parser_;
    std::size_t left_;
    result<void> outcome_{}; ///< of all that was fed
    bool finished_{false};
};

json_pointer_reader::json_pointer_reader(const std::vector<std::string>& pointers, std::size_t cap)
    : machine_(std::make_unique<machine>(pointers, cap)) {}

json_pointer_reader::~json_pointer_reader() = default;
json_pointer_reader::json_pointer_reader(json_pointer_reader&&) noexcept = default;
json_pointer_reader& json_pointer_reader::operator=(json_pointer_reader&&) noexcept = default;

result<void> json_pointer_reader::feed(std::string_view piece) {
    return machine_->feed(piece, false);
}

result<void> json_pointer_reader::finish() {
    return machine_->feed({}, true);
}

json_pointer_reader::kind json_pointer_reader::kind_of(std::size_t i) const noexcept {
    const auto* w = machine_->at(i);
    return w != nullptr ? w->found : kind::absent;
}

const std::optional<std::string>& json_pointer_reader::value(std::size_t i) const noexcept {
    return kind_of(i) == kind::string ? text(i) : no_value;
}

const std::optional<std::string>& json_pointer_reader::text(std::size_t i) const noexcept {
    const auto* w = machine_->at(i);
    return w != nullptr ? w->value : no_value;
}

} // namespace sluice::authorize
