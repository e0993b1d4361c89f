#include <sluice/authorize/json_pointers.hpp>
#include <sluice/config/json_pointer.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::authorize {

namespace {

namespace json = boost::json;

using kind = json_pointer_reader::kind;

constexpr std::size_t longest_value = 16UL * 1024;
constexpr std::size_t deepest = 64;

error broken(std::string detail) {
    return error{errc::protocol_error, error_source::app, false, std::move(detail)};
}

error oversized(std::string detail) {
    return error{errc::too_large, error_source::app, false, std::move(detail)};
}

/// What is wanted at one pointer, and how much of the way to it the parser is on.
struct wanted {
    std::vector<std::string> tokens;
    bool possible{true};   ///< false for a text that is no pointer
    std::size_t on_way{0}; ///< tokens that the open containers, and the member in hand, agree with
    std::size_t passed{0}; ///< tokens whose key was seen: seeing one again is a duplicate
    kind found{kind::absent};
    std::optional<std::string> value;
};

/// What the parser calls. Knows of the document only where it is in it, and the strings that are wanted.
class tracker {
public:
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    explicit tracker(const std::vector<std::string>& pointers) {
        for (const auto& text : pointers) {
            wanted w;
            auto tokens = config::parse_json_pointer(text);
            w.possible = tokens.has_value();
            if (tokens) {
                w.tokens = std::move(*tokens);
            }
            wanted_.push_back(std::move(w));
        }
    }

    [[nodiscard]] const std::vector<wanted>& all() const noexcept { return wanted_; }
    [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

    using code = json::error_code;

    bool on_document_begin(code& /*ec*/) { return true; }
    bool on_document_end(code& /*ec*/) { return true; }
    bool on_object_begin(code& /*ec*/) { return open(false); }
    bool on_object_end(std::size_t /*n*/, code& /*ec*/) { return close(); }
    bool on_array_begin(code& /*ec*/) { return open(true); }
    bool on_array_end(std::size_t /*n*/, code& /*ec*/) { return close(); }
    bool on_key_part(json::string_view part, std::size_t /*n*/, code& /*ec*/) {
        // Longer than any token is as good as any other key that is not wanted.
        key_.append(part.data(), std::min(part.size(), longest_key - std::min(longest_key, key_.size())));
        return true;
    }
    bool on_key(json::string_view part, std::size_t n, code& ec) {
        on_key_part(part, n, ec);
        const bool go_on = enter(key_, ec);
        key_.clear();
        return go_on;
    }
    bool on_string_part(json::string_view part, std::size_t n, code& ec) {
        if (!in_string_) {
            in_string_ = true;
            begin_value(kind::string);
        }
        if (!hit_) {
            return true;
        }
        if (n > longest_value) {
            return fail(oversized("a resolved value"), ec);
        }
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view part, std::size_t n, code& ec) {
        if (!on_string_part(part, n, ec)) {
            return false;
        }
        if (hit_) {
            for (auto& w : wanted_) {
                if (w.found == kind::string && !w.value) {
                    w.value = text_;
                }
            }
            text_.clear();
        }
        in_string_ = false;
        return true;
    }
    bool on_number_part(json::string_view /*part*/, code& /*ec*/) { return true; }
    bool on_int64(std::int64_t /*i*/, json::string_view /*text*/, code& /*ec*/) { return begin_value(kind::other); }
    bool on_uint64(std::uint64_t /*u*/, json::string_view /*text*/, code& /*ec*/) { return begin_value(kind::other); }
    bool on_double(double /*d*/, json::string_view /*text*/, code& /*ec*/) { return begin_value(kind::other); }
    bool on_bool(bool /*b*/, code& /*ec*/) { return begin_value(kind::other); }
    bool on_null(code& /*ec*/) { return begin_value(kind::null); }
    bool on_comment_part(json::string_view /*part*/, code& /*ec*/) { return true; }
    bool on_comment(json::string_view /*part*/, code& /*ec*/) { return true; }

private:
    /// One more than a token can have: a pointer has 1,024 bytes at most.
    static constexpr std::size_t longest_key = 1025;

    struct container {
        bool is_array;
        std::size_t next; ///< an array's index of its next element
    };

    bool fail(error e, code& ec) {
        failure_ = std::move(e);
        ec = json::error::syntax;
        return false;
    }

    /// The member or element `name` of the innermost container begins.
    bool enter(std::string_view name, code& ec) {
        const auto depth = open_.size();
        for (auto& w : wanted_) {
            w.on_way = std::min(w.on_way, depth - 1); // whatever member came before is over
            if (w.on_way != depth - 1 || w.tokens.size() < depth || w.tokens[depth - 1] != name) {
                continue;
            }
            if (w.passed >= depth) {
                return fail(broken("a key twice"), ec);
            }
            w.on_way = w.passed = depth;
        }
        return true;
    }

    /// A value begins: an element of an array has no key to say so.
    bool begin_value(kind what) {
        if (!open_.empty() && open_.back().is_array) {
            std::array<char, 20> digits{};
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), open_.back().next++).ptr;
            code unused;
            enter({digits.data(), static_cast<std::size_t>(end - digits.data())}, unused); // an index comes once
        }
        hit_ = false;
        for (auto& w : wanted_) {
            if (w.possible && w.tokens.size() == open_.size() && w.on_way == open_.size()) {
                w.found = what;
                hit_ = true;
            }
        }
        return true;
    }

    bool open(bool is_array) {
        begin_value(kind::other);
        open_.push_back({is_array, 0});
        return true;
    }

    bool close() {
        open_.pop_back();
        for (auto& w : wanted_) {
            w.on_way = std::min(w.on_way, open_.size());
        }
        return true;
    }

    std::vector<wanted> wanted_;
    std::vector<container> open_;
    std::string key_;
    std::string text_;
    bool in_string_{false};
    bool hit_{false};
    std::optional<error> failure_;
};

json::parse_options strict() {
    json::parse_options options;
    options.max_depth = deepest;
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
        if (failure_) {
            return *failure_;
        }
        if (finished_) { // the parser would begin anew
            return piece.empty() ? result<void>() : fail(broken("bytes after the end"));
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
        if (parser_.handler().failure()) {
            return fail(*parser_.handler().failure());
        }
        if (ec) {
            return fail(broken(ec.message()));
        }
        if (taken < piece.size()) {
            return fail(broken("more than one JSON text"));
        }
        finished_ = last;
        return {};
    }

    [[nodiscard]] const wanted* at(std::size_t i) const noexcept {
        const auto& all = parser_.handler().all();
        return finished_ && i < all.size() ? &all[i] : nullptr;
    }

private:
    result<void> fail(error e) {
        failure_ = e;
        finished_ = false;
        return e;
    }

    json::basic_parser<tracker> parser_;
    std::size_t left_;
    std::optional<error> failure_;
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
    const auto* w = machine_->at(i);
    return w != nullptr ? w->value : no_value;
}

} // namespace sluice::authorize
