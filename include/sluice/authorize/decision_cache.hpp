#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/base/asio.hpp>
#include <sluice/sign/crypto.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::authorize {

/// What a question to the app is about: paths in the form of `resource_path`. A change of any of them changes the
/// answer.
struct subject {
    std::string asked{};  ///< what the app is asked for
    std::string media{};  ///< what the client asked for
    std::string all{};    ///< the app's name for all such at once; "": it has none
    std::string caller{}; ///< of `decision_cache::caller_name`; "": its changes are told by no name
};

/// Grants that were given a moment ago, so that a player's next range asks nobody. From any thread.
///
/// A key is an HMAC under a key of this process over everything that was sent, so that neither a dump of memory nor a
/// chosen collision gives anything away. Only grants are kept: a denial is the app's own answer each time. Bounded in
/// bytes of memory, as near as can be counted; where there is no more room, those that were given longest ago go.
///
/// Each knows what it is about. Who is told of a change of that (`changed`) finds it no longer, and what was asked
/// before the change is not kept when its answer comes after it. A change costs a look-up for each name, however many
/// decisions it takes, and leaves nothing behind where nobody asked about it.
class decision_cache {
    struct resource {
        std::uint64_t changes{0};
        std::size_t users{0}; ///< questions on their way, and kept decisions
    };
    using resources = std::map<std::string, resource, std::less<>>; ///< ordered: no hash that could be made to collide
    using links = std::array<resources::iterator, 4>;

public:
    using key = std::array<std::uint8_t, 32>;

    /// A decision that takes more than this is not kept: nobody's answer may push out everybody's.
    static constexpr std::size_t largest = 16U * 1024;

    /// `most_bytes`: of memory, for all of them.
    explicit decision_cache(std::uint64_t most_bytes = 64ULL << 20U);
    decision_cache(const decision_cache&) = delete;
    decision_cache& operator=(const decision_cache&) = delete;
    ~decision_cache();

    /// The name of a decision: route, method, target and the fields that were sent, as one unambiguous text.
    [[nodiscard]] key key_of(std::string_view everything) const;

    /// The name of whoever sends these fields ("" where one is missing): no path, and nothing that tells them.
    [[nodiscard]] std::string caller_name(std::string_view cookie, std::string_view authorization) const;

    /// The grant that is kept under `k`; nullptr where there is none, or none any more.
    [[nodiscard]] std::shared_ptr<const authorization> find(const key& k, steady_clock::time_point now);

    /// A question on its way to the app. To be destroyed before the decisions are.
    class [[nodiscard]] question {
    public:
        question(question&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr))
            , about_(other.about_)
            , seen_(other.seen_) {}
        question& operator=(question&&) = delete;
        ~question();

        /// What tells it from questions that were asked before a change of what it is about, while either is on its
        /// way.
        [[nodiscard]] std::uint64_t generation() const noexcept { return seen_; }

    private:
        friend class decision_cache;
        question(decision_cache& owner, links about, std::uint64_t seen)
            : owner_(&owner)
            , about_(about)
            , seen_(seen) {}
        decision_cache* owner_;
        links about_;
        std::uint64_t seen_;
    };

    /// To be called before the app is asked.
    question ask(const subject& about);

    /// Keeps the answer to `q` under `k` until `until`, over what is kept there; unless what it is about changed since
    /// it was asked, or it is larger than `largest`.
    void keep(const question& q, const key& k, std::shared_ptr<const authorization> given,
              steady_clock::time_point until, steady_clock::time_point now);

    /// Drops what is kept, and keeps from being kept what was asked, about any of `paths`.
    void changed(std::span<const std::string_view> paths);

    /// Frees what is over, the first that ended first; bounded in time: to be called again and again.
    void expire(steady_clock::time_point now);

    /// What all that is kept takes, in bytes of memory.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

private:
    using hook_mode = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
    using by_end_hook = boost::intrusive::set_base_hook<boost::intrusive::tag<struct by_end>, hook_mode>;
    using by_age_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct by_age>, hook_mode>;

    struct kept : by_end_hook, by_age_hook {
        key name{};
        steady_clock::time_point until{};
        std::shared_ptr<const authorization> given{};
        links about{};
        std::uint64_t seen{0};
        std::size_t bytes{0};
        bool operator<(const kept& other) const noexcept { return until < other.until; }
    };
    /// Keys are HMACs: any part of one is as good as a hash.
    struct part_of_key {
        std::size_t operator()(const key& k) const noexcept;
    };
    using table = std::unordered_map<key, kept, part_of_key>;

    // All under the lock.
    [[nodiscard]] std::uint64_t changes_of(const links& about) const noexcept;
    resources::iterator use(const std::string& path);
    void use(const links& about) noexcept;
    void leave(const links& about) noexcept;
    table::node_type take_out(kept& k);

    const sign::hmac_key secret_;
    const std::uint64_t most_bytes_;
    std::atomic<std::uint64_t> bytes_{0};
    std::mutex mutex_;
    resources resources_;
    table kept_;
    boost::intrusive::multiset<kept, boost::intrusive::base_hook<by_end_hook>,
                               boost::intrusive::constant_time_size<false>>
        by_end_;
    boost::intrusive::list<kept, boost::intrusive::base_hook<by_age_hook>, boost::intrusive::constant_time_size<false>>
        by_age_; ///< the one that was given longest ago first
};

} // namespace sluice::authorize
