// Many threads, fills, readers, evictions, purges and new versions at once, against a model that knows every byte: no
// reader ever gets a byte that is not its version's, and the disk never holds more than it may. The disk fails now and
// then, fills break, readers and writers leave; then a restart finds what was left, some of it damaged.
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include "disk.hpp"
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <thread>

namespace sluice::cache::testing {

namespace {

constexpr unsigned workers = 3;
constexpr unsigned actors_a_worker = 5;
constexpr unsigned rounds = 25;
constexpr unsigned names = 6;

/// One in so many calls fails.
constexpr unsigned disk_fault_rate = 150;
std::atomic<unsigned> disk_calls{0};
std::atomic<unsigned> disk_faults{0};

bool disk_fails() {
    if ((disk_calls.fetch_add(1) + 1) % disk_fault_rate != 0) {
        return false;
    }
    disk_faults.fetch_add(1);
    return true;
}
int unsure_allocate(int fd, int mode, off_t offset, off_t length) {
    // The probe at the start asks for the first page alone and is spared.
    if (length > static_cast<off_t>(page_size) && disk_fails()) {
        errno = (mode & FALLOC_FL_PUNCH_HOLE) != 0 ? EIO : ENOSPC;
        return -1;
    }
    return ::fallocate(fd, mode, offset, length);
}
ssize_t unsure_write(int fd, const void* data, std::size_t length, off_t offset) {
    if (disk_fails()) {
        // Half of it is on the disk all the same.
        const ssize_t half = ::pwrite(fd, data, length / 2, offset);
        errno = ENOSPC;
        return half < 0 ? half : -1;
    }
    return ::pwrite(fd, data, length, offset);
}

/// What happened; from all threads.
struct tally {
    std::atomic<std::uint64_t> bytes_read{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> over_budget{0};
    std::atomic<std::uint64_t> spans{0};
    std::atomic<std::uint64_t> waits{0};
    std::atomic<std::uint64_t> fills{0};
    std::atomic<std::uint64_t> taken_over{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> created{0};
};

struct actor {
    object_cache& cache;
    tally& counts;
    executor ex;
    std::mt19937 random;
    unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }
    void look_at_budget() { counts.over_budget += cache.used_bytes() > cache.limit_bytes() ? 1 : 0; }
};

/// Every third version is huge, and read near its beginning, its middle and its end.
constexpr std::uint64_t huge = std::uint64_t{1} << 40U;

std::uint64_t size_of(std::uint64_t seed) {
    return (seed % 3 == 0 ? huge : 0) + 1000 + seed * 7919 % (12 * page_size);
}

/// A place in an object of `size` bytes.
std::uint64_t place_in(actor& a, std::uint64_t size) {
    if (size < huge) {
        return a.random() % size;
    }
    const std::uint64_t near[] = {0, size / 2, size - 10 * page_size};
    return near[a.below(3)] + a.random() % (10 * page_size);
}

/// A fill that may break, be abandoned, or end because nobody wants it any more.
awaitable<void> run_fill(actor& a, fill_writer w, std::uint64_t window) {
    const auto wake = std::make_shared<async_event>(a.ex);
    const std::uint64_t seed = seed_of(*w.of());
    const bool breaks = a.one_in(6);
    const std::uint64_t break_at = breaks ? w.position() + a.below(4 * page_size) : UINT64_MAX;
    result<void> outcome;
    while (!w.complete()) {
        const bool on = co_await w.wait_for_demand(window, wake);
        if (!on) {
            outcome = error{errc::canceled, error_source::internal, true};
            break;
        }
        if (w.position() >= break_at) {
            if (a.one_in(2)) {
                co_return; // destroyed without `finish`
            }
            outcome = error{errc::short_body, error_source::origin, true};
            break;
        }
        const auto length = std::min<std::uint64_t>(w.end() - w.position(), 1 + a.below(40000));
        const auto bytes = bytes_of(seed, w.position(), length);
        auto written = co_await w.write(bytes.data(), bytes.size());
        if (!written) {
            outcome = written.error();
            break;
        }
        w.flush();
        a.look_at_budget();
    }
    if (outcome) {
        co_await w.wait_for_first_page_readers(wake);
    }
    w.finish(std::move(outcome));
}

/// Nothing is claimed where `f` is nullptr: another has it. `is_new`: none of its pages is reserved yet.
awaitable<bool> begin_fill(actor& a, std::shared_ptr<object> o, std::shared_ptr<file> data, std::shared_ptr<fill> f,
                           bool is_new) {
    if (!f) {
        co_return true;
    }
    a.counts.fills += 1;
    if (is_new && a.one_in(4)) {
        const std::uint64_t pages = f->begin / page_size + 1 + a.below(3);
        o->trim(*f, std::min<std::uint64_t>(f->end, pages * page_size));
    }
    fill_writer w(a.cache, o, f, data);
    auto ready = co_await w.prepare();
    if (!ready) {
        w.finish(ready.error());
        a.counts.failures += 1;
        co_return false;
    }
    const std::uint64_t window = (1 + a.below(8)) * page_size;
    asio::co_spawn(a.ex, run_fill(a, std::move(w), window), asio::detached);
    co_return true;
}

/// Lets others run.
awaitable<void> yield_worker(executor ex) {
    co_await asio::post(ex, asio::use_awaitable_t<executor>{});
}

/// What a client is sent of a readable span: in pieces, while others evict and write.
awaitable<void> check_span(actor& a, const object& o, const file& f, span s) {
    std::vector<char> buffer(20000);
    for (std::uint64_t at = s.first; at <= s.last; at += buffer.size()) {
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), s.last - at + 1));
        const auto whole = read_all(f, at, buffer.data(), length);
        const auto expected = bytes_of(seed_of(o), at, length);
        a.counts.wrong += whole && std::equal(expected.begin(), expected.end(), buffer.begin()) ? 0 : 1;
        a.counts.bytes_read += length;
        if (a.one_in(3)) {
            co_await yield_worker(a.ex);
        }
    }
    a.counts.spans += 1;
}

awaitable<void> read_range(actor& a, std::shared_ptr<object> o, std::uint64_t first, std::uint64_t last) {
    auto data = co_await a.cache.open(o);
    if (!data) {
        co_return; // unlinked before anybody had it open
    }
    reader r(o, a.ex, first, last);
    const bool too_long = last - first > 12 * page_size; // nobody stays for all of it
    const std::uint64_t leave_at = too_long || a.one_in(5) ? first + a.below(5 * page_size) : UINT64_MAX;
    int tries = 0;
    for (std::uint64_t position = first; position <= last && position < leave_at;) {
        const span s = r.next(position);
        bool go_on = true;
        switch (s.what) {
        case span::kind::readable:
            co_await check_span(a, *o, *data.value(), s);
            position = s.last + 1;
            break;
        case span::kind::unverified: {
            auto checked = co_await a.cache.verify(o, data.value(), s.first, s.last);
            go_on = checked.has_value();
            break;
        }
        case span::kind::wait:
            a.counts.waits += 1;
            if (s.ahead && a.one_in(3)) {
                auto taken = o->take_over(position, s.last);
                a.counts.taken_over += taken ? 1 : 0;
                go_on = co_await begin_fill(a, o, data.value(), std::move(taken), false);
            } else {
                co_await r.wait();
            }
            break;
        case span::kind::absent: {
            const bool inside = position > s.first && a.one_in(4);
            go_on = ++tries < 12;
            if (go_on) {
                auto claimed = o->claim(inside ? position : s.first, s.last, inside);
                go_on = co_await begin_fill(a, o, data.value(), std::move(claimed), true);
            }
            break;
        }
        case span::kind::failed:
            go_on = ++tries < 12;
            break;
        }
        if (!go_on) {
            co_return;
        }
    }
}

std::string name_of(unsigned n) {
    return "object " + std::to_string(n);
}

awaitable<void> act(std::unique_ptr<actor> self, std::atomic<std::uint64_t>& next_seed, unsigned& running,
                    std::vector<std::unique_ptr<actor>>& done) {
    actor& a = *self;
    for (unsigned round = 0; round < rounds; ++round) {
        const std::string name = name_of(a.below(names));
        const std::string store = info_of(1).key.store;
        auto o = a.cache.find(store, name);
        if (o && a.one_in(25)) {
            a.cache.purge(store, name);
        } else if (o && a.one_in(25)) {
            a.cache.add_purge_tag(o, name, a.cache.changes());
            a.one_in(2) ? a.cache.purge_tagged(name) : a.cache.purge_tagged_with_prefix("obj");
        } else if (o && a.one_in(25)) {
            a.cache.invalidate(store, name);
        } else if (o && a.one_in(30)) {
            a.cache.retire(o);
        }
        if (!o || a.one_in(30)) {
            const std::uint64_t seed = next_seed.fetch_add(1);
            auto made = co_await a.cache.create(versioned(name, size_of(seed), seed));
            if (!made) {
                a.counts.failures += 1;
                continue;
            }
            a.counts.created += 1;
            o = made.value();
        }
        const std::uint64_t size = o->info().size;
        const std::uint64_t first = place_in(a, size);
        const std::uint64_t last = a.one_in(3) ? size - 1 : std::min(size - 1, first + a.below(6 * page_size));
        co_await read_range(a, std::move(o), first, last);
        a.look_at_budget();
        if (a.one_in(10)) {
            a.counts.over_budget += a.cache.block_count() > 1000 ? 1 : 0;
        }
    }
    --running;
    done.push_back(std::move(self)); // its fills may outlive it
}

void run_worker(object_cache& cache, tally& counts, std::atomic<std::uint64_t>& next_seed, unsigned seed) {
    asio::io_context context(1);
    std::vector<std::unique_ptr<actor>> done;
    unsigned running = actors_a_worker;
    for (unsigned i = 0; i < actors_a_worker; ++i) {
        auto a = std::make_unique<actor>(actor{cache, counts, context.get_executor(), std::mt19937(seed * 1000 + i)});
        asio::co_spawn(context, act(std::move(a), next_seed, running, done), asio::detached);
    }
    context.run();
    counts.wrong += running; // somebody waits for ever, or was lost to an exception
}

/// Changes a byte in some of the data files.
unsigned damage(const temporary_directory& directory, std::mt19937& random) {
    unsigned harmed = 0;
    for (const auto& name : directory.names(".data")) {
        const std::string path = directory.path() + "/v2/" + name;
        const auto size = std::filesystem::file_size(path);
        std::fstream f(path, std::ios::in | std::ios::out | std::ios::binary);
        for (int i = 0; i < 3; ++i) {
            const auto at = static_cast<std::streamoff>(random() % size);
            f.seekg(at);
            const int byte = f.get();
            f.seekp(at);
            f.put(static_cast<char>(byte ^ 0x55));
            ++harmed;
        }
    }
    return harmed;
}

void run_model(disk_bench& b, tally& counts, std::atomic<std::uint64_t>& next_seed, std::mt19937& random) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < workers; ++i) {
        const auto seed = static_cast<unsigned>(random());
        threads.emplace_back([&b, &counts, &next_seed, seed] { run_worker(*b.cache, counts, next_seed, seed); });
    }
    for (auto& t : threads) {
        t.join();
    }
    b.drain_writes();
}

unsigned seed_from_outside() {
    const char* given = std::getenv("SLUICE_TEST_SEED");
    return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

} // namespace

BOOST_AUTO_TEST_SUITE(random_model)

BOOST_AUTO_TEST_CASE(no_wrong_byte_and_never_over_the_budget) {
    const unsigned seed = seed_from_outside();
    std::printf("SLUICE_TEST_SEED=%u\n", seed);
    BOOST_TEST_CONTEXT("SLUICE_TEST_SEED=" << seed) {
        std::mt19937 random(seed);
        system_calls calls;
        calls.allocate = unsure_allocate;
        calls.write = unsure_write;
        disk_bench b(24 * page_size, calls); // half of what is asked for
        b.settings.block_size = 2 * page_size;
        b.start();
        tally counts;
        std::atomic<std::uint64_t> next_seed{1};
        for (int life = 0; life < 3; ++life) {
            run_model(b, counts, next_seed, random);
            BOOST_TEST(b.directory.disk_bytes() <= b.settings.max_size);
            b.stop();
            BOOST_TEST(damage(b.directory, random) > 0U);
            b.start();
        }
        BOOST_TEST(counts.wrong == 0U);
        BOOST_TEST(counts.over_budget == 0U);
        // It was about something.
        BOOST_TEST(counts.spans > 1000U);
        BOOST_TEST(counts.waits > 100U);
        BOOST_TEST(counts.fills > 100U);
        BOOST_TEST(counts.taken_over > 10U);
        BOOST_TEST(counts.created > 20U);
        BOOST_TEST(disk_faults > 0U);
        BOOST_TEST(b.evictions["budget"] > 10);
        // And nothing is left charged for what is gone.
        for (unsigned i = 0; i < names; ++i) {
            b.cache->purge(info_of(1).key.store, name_of(i));
        }
        b.drain_writes();
        BOOST_TEST(b.cache->object_count() == 0U);
        BOOST_TEST(b.cache->block_count() == 0U);
        BOOST_TEST(b.cache->used_bytes() <= 64 * kib); // the directory and its lock
        std::printf("spans %lu, waits %lu, fills %lu, taken over %lu, failures %lu, created %lu, disk faults %u\n",
                    static_cast<unsigned long>(counts.spans), static_cast<unsigned long>(counts.waits),
                    static_cast<unsigned long>(counts.fills), static_cast<unsigned long>(counts.taken_over),
                    static_cast<unsigned long>(counts.failures), static_cast<unsigned long>(counts.created),
                    disk_faults.load());
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
