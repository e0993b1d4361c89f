#pragma once

#include <sluice/cache/block_table.hpp>
#include <sluice/cache/budget.hpp>
#include <sluice/cache/fill_table.hpp>
#include <sluice/cache/metadata.hpp>
#include <sluice/cache/object_record.hpp>
#include <sluice/cache/page_state.hpp>
#include <sluice/cache/reader.hpp>
#include <sluice/cache/special_pages.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::cache {

/// One version of an object: what is known of it, and which pages of it are where.
///
/// Shared by all workers; destroyed before its cache. Its functions never block on more than its own mutex, which is
/// held for look-ups only. Offsets are bytes, ranges inclusive unless they say otherwise; pages and blocks are numbered
/// from 0. src/cache/README.md draws the states of pages and objects.
class object : public object_record {
public:
    /// How far published bytes must be ahead of a waiting reader to wake it.
    static constexpr std::uint64_t wake_step = page_size;

    /// `metadata_charge`: what was charged to `b` already for its metadata; the object releases it at its end. `policy`
    /// is told what is used, and must outlive the object, as `b`.
    object(object_info info, std::uint64_t block_size, std::uint64_t serial, budget& b, eviction_policy& policy,
           std::uint64_t metadata_charge = 0);
    object(const object&) = delete;
    object& operator=(const object&) = delete;
    ~object();

    /// Its pages and blocks.
    [[nodiscard]] const page_layout& layout() const noexcept { return layout_; }

    // Fills

    /// Claims the run of pages from the one with `first` to the one with `last`, or to the last one before a page that
    /// is neither absent nor partial. nullptr where the first page is already such a one. `begin_inside_page`: the fill
    /// begins at `first` itself, and its first page is then not recorded (a suffix of an object whose size was not
    /// known).
    std::shared_ptr<fill> claim(std::uint64_t first, std::uint64_t last, bool begin_inside_page);
    /// Takes the pages from the one with `first` on over from the running fill that would come to them later: all that
    /// it has not begun to write, and the missing ones behind it up to the page of `last`. That one ends there. nullptr
    /// where no fill can be cut at this page, and with `to_last_only` where it goes on behind the page of `last`.
    std::shared_ptr<fill> take_over(std::uint64_t first, std::uint64_t last, bool to_last_only = false);

    /// What a fill has to reserve before it writes `length` bytes at its published offset: the claimed pages from there
    /// to the end of that block or of the fill.
    reservation reservation_for(const fill& f, std::uint64_t length);
    /// Its pages are `filling` from now on. The caller has charged the bytes and the metadata of `r`. Pages that were
    /// taken over meanwhile are left out of `r`, and their bytes released.
    void reserved(const fill& f, reservation& r);
    /// How many of `length` bytes at the published offset are still the fill's to write: these cannot be taken over any
    /// more.
    std::uint64_t begin_write(fill& f, std::uint64_t length);

    /// Readers wait for `f` however long that takes, and never take its pages over: the origin ignores ranges.
    void keep_whole(fill& f);

    /// See `fill_writer::expect`.
    void expect(fill& f, steady_clock::time_point first_byte, double byte_time);

    /// The parts of [begin, end) that may be written: those that no fill has published yet. `end` is one past the last.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> writable(std::uint64_t begin, std::uint64_t end);

    /// Publishes `length` more bytes, which are written; `sums`: page and checksum of each page that they complete.
    /// Wakes readers.
    void publish(fill& f, std::uint64_t length, const std::vector<std::pair<std::size_t, std::uint64_t>>& sums);
    /// Wakes every reader that waits for bytes of `f` which are there already, however few.
    void flush(const fill& f);
    /// Shortens a fill that has reserved nothing yet to what its response covers. Gives up the claim on pages beyond.
    void trim(fill& f, std::uint64_t end);
    /// A run of pages, in bytes.
    using run = page_run;
    /// Ends a fill; `outcome` says why where it ended early. Its unwritten pages become absent, or `punching` where
    /// they were reserved: each run that is given must be punched, then `punched` called.
    std::vector<run> end_fill(fill& f, result<void> outcome);
    /// Ends a punch: `done` where the file system has made the hole; else the pages become partial, and stay charged.
    /// Gives the bytes that were released from the budget.
    std::uint64_t punched(run r, bool done);

    /// `window`: how far a fill may be ahead of a reader, in bytes.
    fill_demand demand_for(const fill& f, std::uint64_t window);
    /// Whether the position of a live reader is in [first, last].
    bool has_reader_in(std::uint64_t first, std::uint64_t last);
    /// Wakes the producer of `f` at the next move of a reader.
    void await_demand(fill& f, std::shared_ptr<async_event> producer);

    /// How much of [first, last] is held by whole pages.
    enum class coverage : std::uint8_t { none, some, all };
    /// How much of [first, last] can be read now.
    coverage covers(std::uint64_t first, std::uint64_t last);
    /// The runs of whole pages in [first, last], the first `max_runs` of them; the last page ends with the object.
    std::vector<run> present_runs(std::uint64_t first, std::uint64_t last, std::size_t max_runs);
    /// The first run of pages in [first, last] that are neither present nor being fetched; an empty one where there is
    /// none, and where it is about to be longer.
    run gap(std::uint64_t first, std::uint64_t last);

    // Verification and eviction

    /// The checksum of a present page; no value for others.
    [[nodiscard]] std::optional<std::uint64_t> checksum(std::size_t page);
    /// The pages [first, last] were compared with their checksums, and fit.
    void mark_verified(std::size_t first_page, std::size_t last_page);
    /// Keeps the pages [first, last] from being evicted until `end_check` with the same, so that what is read to check
    /// them is what was written.
    void begin_check(std::size_t first_page, std::size_t last_page);
    /// Ends what `begin_check` began with the same pages.
    void end_check(std::size_t first_page, std::size_t last_page);
    /// A page on the disk does not have the checksum `expected`: drops it, and gives the run that must be punched. An
    /// empty run where the page has changed since it was compared; no value where its block is being sent, so that it
    /// can be neither punched nor written now.
    std::optional<run> drop_damaged(std::size_t page, std::uint64_t expected);

    /// Adds all blocks that could be evicted now, as those of `owner`, the object being locked for some at a time.
    void add_evictable(std::size_t owner, std::vector<eviction_candidate>& out);
    /// Begins to evict a block: gives the run that must be punched, an empty one where the block is in use by now.
    run begin_eviction(std::size_t block);
    /// True where nobody reads or writes the object.
    bool idle();

    // Files and metadata

    /// The open data file, or nullptr where it must be opened first.
    std::shared_ptr<file> open_file();
    /// Keeps the data file open for readers and fills to come.
    void set_file(std::shared_ptr<file> f);
    /// Closes the data file where no reader and no fill is there; true if it did.
    bool close_if_idle();

    /// What the metadata file is to hold, the object being locked for some blocks at a time.
    [[nodiscard]] metadata snapshot();
    /// The metadata file takes `bytes` on the disk now: gives back what was charged for a larger one.
    void metadata_written(std::uint64_t bytes);
    /// Takes over what a process before this one left: the pages of `m`, and what the scan of the directory charged for
    /// both files, `data_bytes` and `metadata_bytes`. From here on the object is charged for its whole pages, and for
    /// what its metadata file may take with them.
    void load_pages(const metadata& m, std::uint64_t data_bytes, std::uint64_t metadata_bytes);
    /// Runs of absent pages that must be punched since the file takes more than its recorded pages (`data_bytes`): the
    /// process before this one ended while it filled them.
    std::vector<run> unrecorded(std::uint64_t data_bytes);

    /// Bytes that its pages take of the budget, and that its metadata takes.
    [[nodiscard]] std::uint64_t charged() const noexcept { return charged_.load(std::memory_order_relaxed); }
    /// Bytes that its metadata takes of the budget.
    [[nodiscard]] std::uint64_t metadata_charge() const noexcept {
        return metadata_charge_.load(std::memory_order_relaxed);
    }
    /// Blocks of which any page takes room.
    [[nodiscard]] std::size_t blocks_held();

    /// When a reader last came, for the policy.
    [[nodiscard]] usage last_use();

private:
    friend class reader;

    // What a reader may have (reader.cpp).
    span look(reader& r) REQUIRES(mutex_);
    span readable(reader& r) REQUIRES(mutex_);
    void note_sent(std::uint64_t first, std::uint64_t last, steady_clock::time_point began,
                   steady_clock::time_point now) noexcept REQUIRES(mutex_);
    void unpin(reader& r) REQUIRES(mutex_);

    // What a page is: of `table_`, `special_` and `fills_` together (page_state.cpp).
    [[nodiscard]] page_state state_of(std::size_t page) const REQUIRES(mutex_);
    [[nodiscard]] bool is_missing(std::size_t page) const REQUIRES(mutex_); // absent or partial: to be claimed
    /// The first page in [first, last] that is not missing, or last + 1.
    [[nodiscard]] std::size_t next_not_missing(std::size_t first, std::size_t last) const REQUIRES(mutex_);
    /// Whether more is about to be missing behind the missing pages [first, end], of what is wanted up to `last`:
    /// behind the page in which a fill broke lies what it had reserved, which is being given back. That takes less than
    /// a request to the origin, and one request can then have all of it.
    [[nodiscard]] bool grows_soon(std::size_t first, std::size_t end, std::size_t last) const REQUIRES(mutex_);
    [[nodiscard]] bool in_use(std::size_t block) const REQUIRES(mutex_); // being sent or checked
    template <class F>
    void for_each_held(std::size_t first, std::size_t last, F visit) REQUIRES(mutex_);

    run begin_punch(std::size_t first_page, std::size_t last_page, bool damaged = false) REQUIRES(mutex_);
    void keep_partial(std::size_t page, std::uint64_t from, std::uint64_t to) REQUIRES(mutex_);
    /// What the metadata file and the extents may take while `blocks` are held.
    [[nodiscard]] std::uint64_t metadata_charge_for(std::size_t blocks) const noexcept;
    std::size_t add_runs(metadata& m, std::size_t block, std::size_t blocks) const REQUIRES(mutex_);

    const page_layout layout_;
    budget& budget_;
    eviction_policy& policy_;
    block_table table_ GUARDED_BY(mutex_);
    special_pages special_ GUARDED_BY(mutex_);
    fill_table fills_ GUARDED_BY(mutex_){layout_};
    std::shared_ptr<file> file_ GUARDED_BY(mutex_);
    std::atomic<std::uint64_t> charged_{0};
    std::atomic<std::uint64_t> metadata_charge_{0};
    std::unique_ptr<sequential_reads> sequences_ GUARDED_BY(mutex_); ///< may be null
    usage last_use_ GUARDED_BY(mutex_);
};

} // namespace sluice::cache
