#include "json_tracker.hpp"

#include <sluice/config/json_pointer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::authorize::detail {

namespace {

constexpr std::size_t max_value = 16UL * 1024;

/// One more than a token can have: a pointer has 1,024 bytes at most.
constexpr std::size_t max_key = 1025;

/// A number that is longer is none that anybody counts with.
constexpr std::size_t max_digits = 64;

} // namespace

error malformed(std::string detail) {
    return error{errc::protocol_error, error_source::app, false, std::move(detail)};
}

error oversized(std::string detail) {
    return error{errc::too_large, error_source::app, false, std::move(detail)};
}

json_tracker::json_tracker(const std::vector<std::string>& pointers) {
    for (const auto& pointer : pointers) {
        json_target t;
        auto tokens = config::parse_json_pointer(pointer);
        t.possible = tokens.has_value();
        if (tokens) {
            t.tokens = std::move(*tokens);
        }
        targets_.push_back(std::move(t));
    }
}

bool json_tracker::on_key_part(text part, std::size_t /*n*/, code& /*ec*/) {
    // Longer than any token is as good as any other key that is not wanted.
    key_.append(part.data(), std::min(part.size(), max_key - std::min(max_key, key_.size())));
    return true;
}

bool json_tracker::on_key(text part, std::size_t n, code& ec) {
    on_key_part(part, n, ec);
    const bool go_on = enter(key_, ec);
    key_.clear();
    return go_on;
}

bool json_tracker::on_string_part(text part, std::size_t n, code& ec) {
    if (!in_string_) {
        in_string_ = true;
        begin_value(kind::string);
    }
    if (!hit_) {
        return true;
    }
    if (n > max_value) {
        return fail(oversized("a resolved value"), ec);
    }
    text_.append(part.data(), part.size());
    return true;
}

bool json_tracker::on_string(text part, std::size_t n, code& ec) {
    if (!on_string_part(part, n, ec)) {
        return false;
    }
    if (hit_) {
        for (auto& w : targets_) {
            if (w.found == kind::string && !w.value) {
                w.value = text_;
            }
        }
        text_.clear();
    }
    in_string_ = false;
    return true;
}

bool json_tracker::fail(error e, code& ec) {
    outcome_ = std::move(e);
    ec = boost::json::error::syntax;
    return false;
}

/// The member or element `name` of the innermost container begins.
bool json_tracker::enter(std::string_view name, code& ec) {
    const auto depth = open_.size();
    for (auto& w : targets_) {
        w.on_way = std::min(w.on_way, depth - 1); // whatever member came before is over
        if (w.on_way != depth - 1 || w.tokens.size() < depth || w.tokens[depth - 1] != name) {
            continue;
        }
        if (w.passed >= depth) {
            return fail(malformed("a key twice"), ec);
        }
        w.on_way = w.passed = depth;
    }
    return true;
}

/// A value begins: an element of an array has no key to say so.
bool json_tracker::begin_value(kind what) {
    if (!open_.empty() && open_.back().is_array) {
        std::array<char, 20> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), open_.back().next++).ptr;
        code unused;
        enter({digits.data(), static_cast<std::size_t>(end - digits.data())}, unused); // an index comes once
    }
    hit_ = false;
    for (auto& w : targets_) {
        if (w.possible && w.tokens.size() == open_.size() && w.on_way == open_.size()) {
            w.found = what;
            hit_ = true;
        }
    }
    return true;
}

bool json_tracker::add_digits(text part) {
    digits_.append(part.data(), std::min(part.size(), max_digits + 1 - std::min(max_digits + 1, digits_.size())));
    return true;
}

bool json_tracker::end_number(text digits) {
    add_digits(digits);
    begin_value(digits_.size() <= max_digits ? kind::number : kind::other);
    for (auto& w : targets_) {
        if (hit_ && w.found == kind::number && !w.value) {
            w.value = digits_;
        }
    }
    digits_.clear();
    return true;
}

bool json_tracker::open(bool is_array) {
    begin_value(kind::other);
    open_.push_back({is_array, 0});
    return true;
}

bool json_tracker::close() {
    open_.pop_back();
    for (auto& w : targets_) {
        w.on_way = std::min(w.on_way, open_.size());
    }
    return true;
}

} // namespace sluice::authorize::detail
