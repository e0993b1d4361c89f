#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/sign/crypto.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::authorize {

/// The names by which a decision is invalidated: paths in the form of `resource_path`, each "" where there is none.
struct decision_tags {
    std::string subrequest_path{}; ///< as the app knows the resource
    std::string request_path{};    ///< of the client's request
    std::string all_resources{};   ///< the app's name for all its resources at once
    std::string caller{};          ///< of `decision_cache::caller_tag`
};

/// Recent authorizations, so that a player's next range does not cost another subrequest. For all threads.
///
/// A key is an HMAC, under a key of this process, of everything that was sent (decision_key.hpp): neither a memory dump
/// nor a chosen collision gives anything away. Denials are not cached: each is the app's own response. Bounded in bytes
/// of memory, as near as can be counted; the oldest go first.
///
/// Each entry has tags. Where one is invalidated, the entry is not found any more, and the response to a subrequest
/// that was sent before is not inserted. Invalidating costs one look-up a tag, however many entries have it, and leaves
/// nothing behind where no entry and no running subrequest has it.
class decision_cache {
    struct tag {
        std::uint64_t generation{0}; ///< incremented by `invalidate`
        std::size_t uses{0};         ///< by entries and running subrequests
    };
    using tag_table = std::map<std::string, tag, std::less<>>; ///< ordered: no hash that could be made to collide
    using tag_refs = std::array<tag_table::iterator, 4>;

public:
    using key_type = std::array<std::uint8_t, 32>;

    /// A larger entry is not inserted: one response must not push out everybody's.
    static constexpr std::size_t max_entry_bytes = 16U * 1024;

    /// `max_bytes`: of memory, for all entries together.
    explicit decision_cache(std::uint64_t max_bytes);
    decision_cache(const decision_cache&) = delete;
    decision_cache& operator=(const decision_cache&) = delete;
    ~decision_cache();

    /// `text`: of `decision_text`.
    [[nodiscard]] key_type key_of(std::string_view text) const;

    /// Stands for whoever sends these fields ("" where one is missing). Looks like no path, and reveals neither field.
    [[nodiscard]] std::string caller_tag(std::string_view cookie, std::string_view authorization) const;

    /// nullptr where there is no entry, or it has expired or was invalidated.
    [[nodiscard]] std::shared_ptr<const authorization> find(const key_type& k, steady_clock::time_point now);

    /// The right to insert the response to a subrequest that begins now. Must not outlive the cache.
    class [[nodiscard]] insert_token {
    public:
        insert_token(insert_token&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr))
            , tags_(other.tags_)
            , generation_(other.generation_) {}
        insert_token& operator=(insert_token&&) = delete;
        ~insert_token();

        /// Differs from that of a token with the same tags that was given out before an invalidation of one of them,
        /// while either exists.
        [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

    private:
        friend class decision_cache;
        insert_token(decision_cache& owner, tag_refs tags, std::uint64_t generation)
            : owner_(&owner)
            , tags_(tags)
            , generation_(generation) {}
        decision_cache* owner_;
        tag_refs tags_;
        std::uint64_t generation_;
    };

    /// To be called before the subrequest is sent.
    insert_token begin(const decision_tags& tags);

    /// Inserts under `k`, replacing what is there, until `expires`; not where one of the token's tags was invalidated
    /// since `begin`, nor where the entry would be larger than `max_entry_bytes`.
    void insert(const insert_token& token, const key_type& k, std::shared_ptr<const authorization> allowed,
                steady_clock::time_point expires, steady_clock::time_point now);

    /// Invalidates every entry, and every token, with one of these tags.
    void invalidate(std::span<const std::string_view> tags);

    /// Frees expired entries, the longest expired first. Bounded in time: to be called again and again.
    void expire(steady_clock::time_point now);

    /// Memory of all entries, in bytes.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

private:
    using hook_mode = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
    using by_expiry_hook = boost::intrusive::set_base_hook<boost::intrusive::tag<struct by_expiry>, hook_mode>;
    using by_age_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct by_age>, hook_mode>;

    struct entry : by_expiry_hook, by_age_hook {
        key_type key{};
        steady_clock::time_point expires{};
        std::shared_ptr<const authorization> allowed{};
        tag_refs tags{};
        std::uint64_t generation{0}; ///< of `tags` when the subrequest began
        std::size_t bytes{0};
        bool operator<(const entry& other) const noexcept { return expires < other.expires; }
    };
    /// Keys are HMACs: any part of one is as good as a hash.
    struct key_hash {
        std::size_t operator()(const key_type& k) const noexcept;
    };
    using entry_table = std::unordered_map<key_type, entry, key_hash>;

    [[nodiscard]] std::uint64_t generation_of(const tag_refs& tags) const noexcept REQUIRES(mutex_);
    tag_table::iterator acquire(const std::string& name) REQUIRES(mutex_);
    void acquire(const tag_refs& tags) noexcept REQUIRES(mutex_);
    void release(const tag_refs& tags) noexcept REQUIRES(mutex_);
    entry_table::node_type extract(entry& e) REQUIRES(mutex_);

    const sign::hmac_key secret_;
    const std::uint64_t max_bytes_;
    std::atomic<std::uint64_t> bytes_{0};
    mutex mutex_;
    tag_table tags_ GUARDED_BY(mutex_);
    entry_table entries_ GUARDED_BY(mutex_);
    boost::intrusive::multiset<entry, boost::intrusive::base_hook<by_expiry_hook>,
                               boost::intrusive::constant_time_size<false>>
        by_expiry_ GUARDED_BY(mutex_);
    boost::intrusive::list<entry, boost::intrusive::base_hook<by_age_hook>, boost::intrusive::constant_time_size<false>>
        by_age_ GUARDED_BY(mutex_); ///< the oldest first
};

} // namespace sluice::authorize
