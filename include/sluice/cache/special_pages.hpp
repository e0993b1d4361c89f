#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::cache {

/// What few objects have: pages of which only a part was published, runs that are being given back to the file system,
/// blocks that are being checked. Takes memory only while there are any. Not thread-safe.
class special_pages {
public:
    /// Bytes: the first, and one past the last.
    using interval = std::pair<std::uint64_t, std::uint64_t>;

    /// A run of pages that is being punched, with what it is charged.
    struct punch_job {
        std::size_t last{0};
        std::uint64_t charged{0};
        bool damaged{false}; ///< no reader was sent its bytes, so they may be rewritten
    };

    /// Nothing is being punched or checked.
    [[nodiscard]] bool idle() const noexcept { return !held_ || (held_->punching.empty() && held_->checking.empty()); }

    // Partial pages: which bytes of them were published. They are never written again.

    /// Whether `page` is partial.
    [[nodiscard]] bool is_partial(std::size_t page) const { return held_ && held_->partial.contains(page); }
    /// The first partial page from `page` on; none: no value.
    [[nodiscard]] std::optional<std::size_t> next_partial(std::size_t page) const;
    /// The bytes from `from` up to before `to` of `page` were published.
    void add_partial(std::size_t page, std::uint64_t from, std::uint64_t to);
    /// `page` is partial, whatever was published of it; where it was not yet, nothing was.
    void keep_partial(std::size_t page);
    /// `page` is partial, and exactly `published` was published of it.
    void set_partial(std::size_t page, interval published);
    /// `page` is not partial any more; false where it was not.
    bool erase_partial(std::size_t page);
    /// The parts of the bytes from `begin` up to before `end` that were not published.
    [[nodiscard]] std::vector<interval> unpublished(std::uint64_t begin, std::uint64_t end) const;

    // Runs that are being punched, known by their first page. They do not overlap.

    /// The pages from `first` to the job's last are being punched from now on.
    void begin_punch(std::size_t first, const punch_job& job);
    /// The job that begins with `first`; nullptr where none does.
    [[nodiscard]] const punch_job* punch_from(std::size_t first) const;
    /// Whether `page` lies in a run that is being punched.
    [[nodiscard]] bool is_punching(std::size_t page) const { return held_ && finds_punch(page); }
    /// The first page of the next run behind `page`; none: no value.
    [[nodiscard]] std::optional<std::size_t> next_punch(std::size_t page) const;
    /// Ends the job that begins with `first`.
    void end_punch(std::size_t first);

    // Blocks [first, last] that are being checked; several checks may overlap.

    /// Begins a check.
    void begin_check(std::size_t first, std::size_t last);
    /// False where no check began with the same.
    bool end_check(std::size_t first, std::size_t last);
    /// Whether any check reads `block`.
    [[nodiscard]] bool is_checked(std::size_t block) const;

private:
    struct contents {
        std::map<std::size_t, std::vector<interval>> partial;
        std::map<std::size_t, punch_job> punching;
        std::vector<std::pair<std::size_t, std::size_t>> checking;
    };
    [[nodiscard]] bool finds_punch(std::size_t page) const;
    contents& make();
    void drop_empty() noexcept;

    std::unique_ptr<contents> held_;
};

} // namespace sluice::cache
