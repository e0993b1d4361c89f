// The cache as a whole, on a disk: what survives a restart, what is evicted first, and every limit.
#include <sluice/cache/object_cache.hpp>

#include <boost/test/unit_test.hpp>

#include "disk.hpp"
#include <fcntl.h>

#include <cerrno>
#include <fstream>

namespace sluice::cache::testing {

namespace {

constexpr std::uint64_t block = 4 * page_size;

int no_punch(int fd, int mode, off_t offset, off_t length) {
    if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return ::fallocate(fd, mode, offset, length);
}
std::atomic<bool> disk_is_full{false};
int full_at_will(int fd, int mode, off_t offset, off_t length) {
    if (disk_is_full && (mode & FALLOC_FL_PUNCH_HOLE) == 0) {
        errno = ENOSPC;
        return -1;
    }
    return ::fallocate(fd, mode, offset, length);
}
system_calls with_allocate(int (*allocate)(int, int, off_t, off_t)) {
    system_calls calls;
    calls.allocate = allocate;
    return calls;
}

/// How many lists of the directory fail from now on.
std::atomic<int> failing_lists{0};
DIR* list_at_will(int fd) {
    if (failing_lists > 0) {
        --failing_lists;
        errno = EIO;
        return nullptr;
    }
    return ::fdopendir(fd);
}

struct cache_bench : disk_bench {
    explicit cache_bench(std::uint64_t max_size = 64 * mib, system_calls calls = {})
        : disk_bench(max_size, calls) {
        start();
    }
    /// A new object with all its bytes.
    std::shared_ptr<object> full(const std::string& name, std::uint64_t size, std::uint64_t seed = 1) {
        const auto o = create(versioned(name, size, seed)).value();
        BOOST_REQUIRE(fetch(o, 0, size - 1));
        return o;
    }
    std::shared_ptr<object> find(const std::string& name) const { return cache->find(info_of(1).key.store, name); }
    object::coverage held(const std::string& name) const {
        const auto o = find(name);
        return o ? o->covers(0, o->info().size - 1) : object::coverage::none;
    }
};

constexpr auto all = object::coverage::all;
constexpr auto some = object::coverage::some;
constexpr auto none = object::coverage::none;

} // namespace

BOOST_AUTO_TEST_SUITE(whole_cache)

BOOST_FIXTURE_TEST_CASE(what_was_fetched_is_there_after_a_restart_and_right, cache_bench) {
    const std::uint64_t size = 5 * page_size + 77;
    full("a", size, 42);
    BOOST_REQUIRE(fetch(create(versioned("b", 40 * page_size, 43)).value(), 7 * page_size, 9 * page_size - 1));
    create(versioned("nothing of it", 10, 44)).value();
    const std::uint64_t used = cache->used_bytes();
    restart();
    BOOST_TEST(cache->object_count() == 3U);
    const auto a = find("a");
    BOOST_REQUIRE(a);
    BOOST_TEST((a->info().version == versioned("a", 1, 42).version));
    BOOST_TEST(a->info().content_type == "video/mp4");
    const auto got = read(a, 3, size - 1);
    BOOST_TEST(got.right);
    BOOST_TEST(got.end == size);
    const auto b = find("b");
    BOOST_REQUIRE(b);
    BOOST_TEST(read(b, 7 * page_size, 9 * page_size - 1).right);
    BOOST_TEST((read(b, 9 * page_size, 10 * page_size).why == span::kind::absent));
    drain_writes();
    // The directory itself and its lock are counted after a restart.
    BOOST_TEST(cache->used_bytes() >= used);
    BOOST_TEST(cache->used_bytes() <= used + 64 * kib);
    BOOST_TEST(cache->used_bytes() >= directory.disk_bytes());
}

BOOST_FIXTURE_TEST_CASE(damage_is_noticed_counted_and_fetched_again, cache_bench) {
    full("a", 4 * page_size, 42);
    stop();
    const std::string data = directory.path() + "/v2/" + directory.names(".data").at(0);
    {
        std::fstream f(data, std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(static_cast<std::streamoff>(2 * page_size + 9));
        f.put(static_cast<char>(byte_of(42, 2 * page_size + 9) ^ 1));
    }
    start();
    const auto a = find("a");
    BOOST_REQUIRE(a);
    const auto got = read(a, 0, 4 * page_size - 1);
    BOOST_TEST(got.right);
    BOOST_TEST(got.end == 2 * page_size);
    BOOST_TEST((got.why == span::kind::absent || got.why == span::kind::wait));
    BOOST_TEST(write_errors["checksum"] == 1);
    drain_writes();
    BOOST_REQUIRE(fetch(a, 0, 4 * page_size - 1));
    const auto again = read(a, 0, 4 * page_size - 1);
    BOOST_TEST(again.right);
    BOOST_TEST(again.end == 4 * page_size);
}

BOOST_FIXTURE_TEST_CASE(the_newer_of_two_versions_on_the_disk_wins_and_the_other_goes, cache_bench) {
    stop();
    {
        const auto disk = std::move(block_store::open(directory.path()).value());
        for (const std::uint64_t seed : {1U, 3U, 2U}) {
            metadata m;
            m.info = versioned("a", 1, seed);
            m.info.stored = std::chrono::system_clock::time_point(std::chrono::hours(1000 + seed));
            m.checked = m.info.stored;
            const std::string name = block_store::name_of(m.info.key, disk->new_serial());
            BOOST_REQUIRE(disk->create(name, 1));
            BOOST_REQUIRE(disk->write_metadata(name, m));
        }
    }
    start();
    drain_writes();
    BOOST_TEST(directory.names(".data").size() == 1U);
    BOOST_REQUIRE(find("a"));
    BOOST_TEST(seed_of(*find("a")) == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_there_counts_before_anything_is_reserved) {
    cache_bench b;
    b.full("a", 40 * page_size);
    b.stop();
    b.settings.max_size = 20 * page_size; // lowered
    b.start();
    BOOST_TEST(b.cache->used_bytes() <= b.cache->limit_bytes());
    BOOST_TEST(b.directory.disk_bytes() <= b.settings.max_size);
}

BOOST_AUTO_TEST_CASE(a_second_cache_of_the_same_directory_is_off_and_breaks_nothing) {
    cache_bench first;
    first.full("a", page_size, 9);
    disk_bench second;
    second.settings.directory = first.directory.path();
    second.start();
    BOOST_TEST((second.cache->available().error().code == errc::cache_off));
    const auto made = second.create(info_of(10));
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::cache_off));
    BOOST_TEST(second.write_errors["locked"] == 1);
    second.stop();
    BOOST_TEST(first.read(first.find("a"), 0, page_size - 1).right);
}

BOOST_AUTO_TEST_CASE(no_directory_is_no_cache_and_a_bad_one_is_an_error) {
    disk_bench b;
    b.settings.directory.clear();
    b.start();
    BOOST_TEST((b.cache->available().error().code == errc::cache_off));
    BOOST_TEST((b.create(info_of(10)).error().code == errc::cache_off));
    disk_bench c;
    std::ofstream(c.directory.path() + "/file") << "x";
    c.settings.directory = c.directory.path() + "/file";
    c.start();
    BOOST_TEST((c.cache->available().error().code == errc::disk_error));
}

BOOST_AUTO_TEST_CASE(a_directory_that_could_not_be_listed_is_had_when_it_can) {
    system_calls calls;
    calls.list = list_at_will;
    failing_lists = 1;
    cache_bench b(64 * mib, calls);
    BOOST_TEST((b.cache->available().error().code == errc::disk_error));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!b.cache->available() && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    BOOST_TEST(b.cache->available().has_value());
    BOOST_TEST(b.write_errors["open"] == 1);
    BOOST_TEST(b.write_errors["locked"] == 0);
}

BOOST_FIXTURE_TEST_CASE(a_new_version_takes_the_place_of_the_old_whose_readers_finish, cache_bench) {
    const auto old = full("a", 3 * page_size, 1);
    const auto fresh = full("a", 2 * page_size, 2);
    drain_writes();
    BOOST_TEST(old->retired());
    BOOST_TEST((find("a") == fresh));
    BOOST_TEST(cache->object_count() == 1U);
    BOOST_TEST(directory.names(".data").size() == 1U);
    const auto got = read(old, 0, 3 * page_size - 1);
    BOOST_TEST(got.right);
    BOOST_TEST(got.end == 3 * page_size);
    BOOST_TEST(read(fresh, 0, 2 * page_size - 1).right);
}

BOOST_FIXTURE_TEST_CASE(who_asked_beside_another_joins_its_object, cache_bench) {
    const auto join = [this](std::uint64_t seed, std::optional<std::uint64_t> seen = {}) {
        return run(cache->create(versioned("a", mib, seed), seen, if_present::join));
    };
    const auto seen = cache->changes();
    const auto first = join(1, seen).value();
    const auto files = directory.names();
    BOOST_TEST((join(1, seen).value() == first));
    BOOST_TEST((directory.names() == files)); // no file was made for it
    // Another version: which of both is newer is not known.
    const auto other = join(2);
    BOOST_REQUIRE(!other);
    BOOST_TEST((other.error().code == errc::canceled));
    BOOST_TEST((find("a") == nullptr));
    // What was purged since the caller was authorized is not joined.
    const auto second = join(1).value();
    BOOST_TEST((second != first));
    const auto before = cache->changes();
    cache->purge(info_of(1).key.store, "another");
    BOOST_TEST((join(1, before).value() == second));
    second->mark_changed(cache->changes());
    BOOST_TEST(!join(1));
}

BOOST_FIXTURE_TEST_CASE(what_is_purged_is_gone_and_counts_until_its_last_reader, cache_bench) {
    const std::uint64_t before = cache->used_bytes();
    auto o = full("a", 3 * page_size, 1);
    BOOST_TEST(cache->purge(o->info().key.store, "a"));
    BOOST_TEST(!cache->purge(o->info().key.store, "a"));
    drain_writes();
    BOOST_TEST(!find("a"));
    BOOST_TEST(directory.names(".data").empty());
    BOOST_TEST(cache->used_bytes() >= before + 3 * page_size);
    BOOST_TEST(read(o, 0, 3 * page_size - 1).right);
    o.reset();
    BOOST_TEST(cache->used_bytes() == before);
    restart();
    BOOST_TEST(cache->object_count() == 0U);
    BOOST_TEST(directory.names(".meta").empty());
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_goes_first) {
    cache_bench b(80 * page_size);
    b.full("old", 16 * page_size);
    b.full("used", 16 * page_size);
    b.full("new", 16 * page_size);
    BOOST_REQUIRE(b.read(b.find("old"), 0, block - 1).right); // one block of it
    BOOST_REQUIRE(b.read(b.find("used"), 0, 16 * page_size - 1).right);
    b.full("more", 32 * page_size);
    BOOST_TEST((b.held("more") == all));
    BOOST_TEST((b.held("used") == all));
    BOOST_TEST((b.held("new") == all));
    BOOST_TEST((b.held("old") == some));
    BOOST_TEST((b.find("old")->covers(0, block - 1) == all));
    BOOST_TEST(b.evictions["budget"] > 0);
    BOOST_TEST(b.cache->used_bytes() <= b.cache->limit_bytes());
    BOOST_TEST(b.directory.disk_bytes() <= b.settings.max_size);
    BOOST_TEST(b.cache->block_count() >= 16U);
}

BOOST_AUTO_TEST_CASE(what_a_live_reader_is_about_to_want_goes_last) {
    cache_bench b(80 * page_size);
    const auto film = b.full("film", 32 * page_size);
    b.full("newer", 32 * page_size);
    reader r(film, b.context.get_executor(), 16 * page_size, 32 * page_size - 1);
    b.full("more", 32 * page_size);
    BOOST_TEST((film->covers(16 * page_size, 32 * page_size - 1) == all));
    BOOST_TEST((film->covers(0, 16 * page_size - 1) == none));
    BOOST_TEST((b.held("newer") != all));
}

BOOST_AUTO_TEST_CASE(of_what_is_wanted_the_furthest_goes_first) {
    cache_bench b(80 * page_size);
    const auto film = b.full("film", 64 * page_size);
    const auto more = b.create(versioned("more", 16 * page_size, 2)).value();
    reader r(film, b.context.get_executor(), 0, 64 * page_size - 1);
    reader other(more, b.context.get_executor(), 0, 16 * page_size - 1);
    BOOST_REQUIRE(b.fetch(more, 0, 16 * page_size - 1));
    BOOST_TEST((b.held("more") == all));
    BOOST_TEST((film->covers(0, 32 * page_size - 1) == all));
    BOOST_TEST((film->covers(60 * page_size, 64 * page_size - 1) == none));
}

BOOST_AUTO_TEST_CASE(what_is_sent_is_never_evicted_and_the_cache_says_that_it_is_full) {
    cache_bench b(40 * page_size);
    const auto o = b.full("a", 32 * page_size);
    reader r(o, b.context.get_executor(), 0, 32 * page_size - 1);
    BOOST_REQUIRE((r.next(0).what == span::kind::readable));
    const auto other = b.create(versioned("b", 16 * page_size, 2));
    BOOST_REQUIRE(other);
    const auto got = b.fetch(other.value(), 0, 16 * page_size - 1);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::cache_full));
    BOOST_TEST((o->covers(0, 32 * page_size - 1) == all));
    r.release();
    BOOST_TEST(b.fetch(other.value(), 0, 16 * page_size - 1).has_value());
}

BOOST_AUTO_TEST_CASE(without_holes_whole_objects_go_one_by_one_and_no_more_than_needed) {
    cache_bench b(80 * page_size, with_allocate(no_punch));
    BOOST_REQUIRE(!b.cache->disk()->can_punch());
    for (const auto* name : {"1", "2", "3", "4"}) {
        b.full(name, 16 * page_size);
    }
    b.full("5", 16 * page_size);
    BOOST_TEST(!b.find("1"));
    for (const auto* name : {"2", "3", "4", "5"}) {
        BOOST_TEST((b.held(name) == all), name);
    }
    BOOST_TEST(b.evictions["budget"] == 1);
    BOOST_TEST(b.cache->used_bytes() <= b.cache->limit_bytes());
    // One that is being read stays: its bytes would not be free before the reader has left.
    reader r(b.find("2"), b.context.get_executor(), 0, 16 * page_size - 1);
    b.full("6", 16 * page_size);
    BOOST_TEST((b.held("2") == all));
    BOOST_TEST(!b.find("3"));
    BOOST_TEST((b.held("4") == all));
    BOOST_TEST(b.directory.disk_bytes() <= b.settings.max_size);
}

BOOST_AUTO_TEST_CASE(objects_that_lost_all_their_bytes_are_dropped_and_so_is_their_metadata) {
    cache_bench b(80 * page_size);
    for (int i = 0; i < 200; ++i) {
        const auto o = b.create(versioned("small " + std::to_string(i), 100, 1));
        BOOST_REQUIRE_MESSAGE(o, "object " << i);
        BOOST_REQUIRE_MESSAGE(b.fetch(o.value(), 0, 99), "object " << i);
    }
    // Nor do those without any bytes fill it for ever.
    for (int i = 0; i < 700; ++i) {
        BOOST_REQUIRE_MESSAGE(b.create(versioned("empty " + std::to_string(i), 100, 1)), "object " << i);
    }
    BOOST_TEST(b.cache->used_bytes() <= b.cache->limit_bytes());
    b.drain_writes();
    BOOST_TEST(b.directory.disk_bytes() <= b.settings.max_size);
}

BOOST_AUTO_TEST_CASE(max_objects_is_kept_by_dropping_the_least_recently_used) {
    cache_bench b;
    b.stop();
    b.settings.max_objects = 3;
    b.start();
    for (const auto* name : {"1", "2", "3"}) {
        b.full(name, 100);
    }
    BOOST_REQUIRE(b.read(b.find("1"), 0, 99).right);
    b.full("4", 100);
    BOOST_TEST(b.cache->object_count() == 3U);
    BOOST_TEST(b.find("1") != nullptr);
    BOOST_TEST(!b.find("2"));
    BOOST_TEST(b.evictions["objects"] == 1);
    b.drain_writes();
    BOOST_TEST(b.directory.names(".data").size() == 3U);
}

BOOST_AUTO_TEST_CASE(max_share_keeps_large_objects_out) {
    cache_bench b;
    b.stop();
    b.settings.max_share = 10;
    b.start();
    const std::uint64_t share = b.settings.max_size / 100 * 10;
    BOOST_TEST(b.create(versioned("fits", share, 1)).has_value());
    const auto large = b.create(versioned("large", share + 1, 1));
    BOOST_REQUIRE(!large);
    BOOST_TEST((large.error().code == errc::too_large));
    BOOST_TEST(!b.find("large"));
}

BOOST_AUTO_TEST_CASE(min_free_evicts_then_says_full) {
    cache_bench b;
    b.full("a", 16 * page_size);
    b.stop();
    b.settings.min_free = std::uint64_t{1} << 62U;
    b.start();
    const auto made = b.create(versioned("b", 10, 1));
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::disk_full));
    BOOST_TEST(b.evictions["min_free"] > 0);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_fails_the_write_and_charges_nothing_for_ever) {
    cache_bench b(64 * mib, with_allocate(full_at_will));
    const std::uint64_t before = b.cache->used_bytes();
    {
        const auto o = b.create(versioned("a", 8 * page_size, 1)).value();
        disk_is_full = true;
        const auto got = b.fetch(o, 0, 8 * page_size - 1);
        disk_is_full = false;
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().code == errc::disk_full));
        BOOST_TEST(b.write_errors["disk_full"] == 1);
        b.drain_writes();
        BOOST_TEST(o->charged() == 0U);
        BOOST_TEST(b.fetch(o, 0, 8 * page_size - 1).has_value());
        BOOST_TEST(b.read(o, 0, 8 * page_size - 1).right);
        b.cache->retire(o);
    }
    b.drain_writes();
    BOOST_TEST(b.cache->used_bytes() == before);
}

BOOST_FIXTURE_TEST_CASE(an_object_that_cannot_be_made_costs_nothing, cache_bench) {
    const std::uint64_t before = cache->used_bytes();
    const auto made = create(versioned("a", std::uint64_t{1} << 62U, 1)); // no file system has that
    BOOST_TEST(!made.has_value());
    BOOST_TEST(cache->used_bytes() == before);
    BOOST_TEST(!find("a"));
}

BOOST_FIXTURE_TEST_CASE(a_discarded_writer_leaves_what_it_published_and_nothing_else, cache_bench) {
    const auto o = create(versioned("a", 8 * page_size, 5)).value();
    {
        const auto f = o->claim(0, 8 * page_size - 1, whole_pages);
        fill_writer w(*cache, o, f, o->open_file());
        const auto bytes = bytes_of(5, 0, page_size + 10);
        BOOST_REQUIRE(run(w.write(bytes.data(), bytes.size())));
    }
    drain_writes();
    BOOST_TEST(o->charged() == 2 * page_size);
    const auto got = read(o, 0, 8 * page_size - 1);
    BOOST_TEST(got.right);
    BOOST_TEST(got.end == page_size);
    BOOST_TEST((got.why == span::kind::absent));
    BOOST_REQUIRE(fetch(o, 0, 8 * page_size - 1));
    const auto whole = read(o, 0, 8 * page_size - 1);
    BOOST_TEST(whole.right);
    BOOST_TEST(whole.end == 8 * page_size);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
