#pragma once

#include <boost/test/unit_test.hpp>

#include "world.hpp"

#include <list>
#include <string>

namespace sluice::media::simulation {

/// A request of a set, and what came of it.
struct request {
    steady_clock::duration at; ///< after the beginning
    reader_spec spec;
    reader_outcome out{};
};

inline std::string text_of(const request& r) {
    const auto& s = r.spec;
    return "at " + std::to_string(in_ms(r.at)) + " ms: bytes=" + std::to_string(s.first) + "-" +
           (s.last ? std::to_string(*s.last) : "") + (s.rate ? ", " + std::to_string(*s.rate / KB) + " KB/s" : "") +
           (s.leaves ? ", leaves" : "") + ": first byte after " +
           (r.out.first_byte ? std::to_string(in_ms(*r.out.first_byte - r.out.began)) + " ms" : "never");
}

inline std::string text_of(const std::list<request>& all) {
    std::string text;
    for (const auto& r : all) {
        text += "\n  " + text_of(r);
    }
    return text;
}

/// What one exact request would take to the first byte: from the beginning of its page.
inline steady_clock::duration exact(const store_model& s, const reader_spec& r) {
    return s.latency + origin::time_for(r.first % cache::page_size, origin::byte_time(1e9 / s.rate));
}

inline void check_first_byte(const world& w, const request& r, double most = max_first_byte) {
    const auto limit = exact(w.store, r.spec) * most + first_byte_grain;
    BOOST_TEST(r.out.first_byte.has_value(), text_of(r));
    if (r.out.first_byte) {
        BOOST_TEST(in_ms(*r.out.first_byte - r.out.began) <= in_ms(limit), text_of(r)
                                                                               << ", limit " << in_ms(limit) << " ms");
    }
}

inline void start(world& w, std::list<request>& all) {
    const auto began = w.clock.now();
    for (auto& r : all) {
        read_at(w, began + r.at, r.spec, r.out);
    }
}

inline reader_spec named(std::uint64_t first, std::uint64_t length) {
    return {first, first + length - 1};
}

inline constexpr std::uint64_t film = 512 * MiB;

} // namespace sluice::media::simulation
