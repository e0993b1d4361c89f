#pragma once

#include <sluice/cache/fill_writer.hpp>
#include <sluice/cache/object_cache.hpp>

#include <boost/asio/co_spawn.hpp>

#include "helpers.hpp"
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

/// What the cache's tests share that write to a disk.
namespace sluice::cache::testing {

/// A new empty directory, removed at its end.
class temporary_directory {
public:
    temporary_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-unit-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary directory");
        }
        path_ = name;
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Names in the versioned directory that end in `suffix`.
    [[nodiscard]] std::vector<std::string> names(std::string_view suffix = "") const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(path_ + "/v2")) {
            const std::string name = entry.path().filename().string();
            if (name.ends_with(suffix)) {
                found.push_back(name);
            }
        }
        return found;
    }
    /// Bytes that the files in it take.
    [[nodiscard]] std::uint64_t disk_bytes() const {
        std::uint64_t bytes = 0;
        for (const auto& name : names()) {
            struct stat s {};
            if (stat((path_ + "/v2/" + name).c_str(), &s) == 0) {
                bytes += static_cast<std::uint64_t>(s.st_blocks) * 512;
            }
        }
        return bytes;
    }

private:
    std::string path_;
};

/// Eight bytes, of which the version `seed` has those at `offset` / 8 * 8 and behind.
inline std::uint64_t word_of(std::uint64_t seed, std::uint64_t offset) noexcept {
    std::uint64_t x = (offset / 8 + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 29U;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 32U);
}
/// The byte at `offset` of the version `seed`.
inline char byte_of(std::uint64_t seed, std::uint64_t offset) noexcept {
    return static_cast<char>(word_of(seed, offset) >> (offset % 8 * 8));
}

inline std::vector<char> bytes_of(std::uint64_t seed, std::uint64_t first, std::uint64_t length) {
    std::vector<char> bytes(static_cast<std::size_t>(length));
    std::uint64_t word = word_of(seed, first);
    for (std::uint64_t i = 0; i < length; ++i) {
        word = (first + i) % 8 == 0 ? word_of(seed, first + i) : word;
        bytes[static_cast<std::size_t>(i)] = static_cast<char>(word >> ((first + i) % 8 * 8));
    }
    return bytes;
}

inline object_info versioned(std::string name, std::uint64_t size, std::uint64_t seed) {
    object_info i = info_of(size, std::move(name));
    i.version.value = "\"" + std::to_string(seed) + "\"";
    return i;
}
inline std::uint64_t seed_of(const object& o) {
    return std::stoull(o.info().version.value.substr(1));
}

/// A cache on a disk, and a worker that runs while a test waits for something.
struct disk_bench {
    explicit disk_bench(std::uint64_t max_size = 64 * mib, system_calls calls = {}) {
        settings.directory = directory.path();
        settings.max_size = max_size;
        settings.max_objects = 1000000;
        settings.block_size = 4 * page_size;
        settings.max_share = 100;
        settings.disk = calls;
    }
    ~disk_bench() { stop(); }
    disk_bench(const disk_bench&) = delete;
    disk_bench& operator=(const disk_bench&) = delete;

    static constexpr unsigned write_threads = 2;
    temporary_directory directory;
    cache_settings settings;
    std::mutex mutex; // guards the two below
    std::map<std::string, int> evictions;
    std::map<std::string, int> write_errors;
    asio::io_context context;
    std::unique_ptr<file_pool> reads;
    std::unique_ptr<file_pool> writes;
    std::unique_ptr<object_cache> cache;

    void start() {
        cache_observer observer;
        observer.evicted = [this](eviction_reason r) {
            const std::lock_guard lock(mutex);
            ++evictions[std::string(to_string(r))];
        };
        observer.write_error = [this](std::string_view reason) {
            const std::lock_guard lock(mutex);
            ++write_errors[std::string(reason)];
        };
        reads = std::make_unique<file_pool>(2);
        writes = std::make_unique<file_pool>(write_threads);
        cache = std::make_unique<object_cache>(settings, *reads, *writes, std::move(observer));
        cache->start();
        while (cache->available() && !cache->loaded()) {
            std::this_thread::yield();
        }
    }
    void stop() {
        if (cache) {
            drain_writes();
            cache->stop();
            writes->join();
            reads->join();
            cache.reset();
        }
    }
    void restart() {
        stop();
        start();
    }

    /// Runs the worker until `a` completes.
    template <class T>
    T run(awaitable<T> a) {
        std::optional<T> value;
        asio::co_spawn(context, std::move(a), [&value](const std::exception_ptr& e, T v) {
            if (e) {
                std::rethrow_exception(e);
            }
            value.emplace(std::move(v));
        });
        context.restart();
        context.run();
        return std::move(*value);
    }
    /// Waits for what was posted to the pool of writes, and for what that posted.
    void drain_writes() {
        for (int round = 0; round < 2; ++round) {
            // All its threads meet here: then each is done with what it had, to the last destructor.
            const auto meeting = std::make_shared<std::latch>(write_threads + 1);
            for (unsigned i = 0; i < write_threads; ++i) {
                writes->post([meeting] { meeting->arrive_and_wait(); });
            }
            meeting->arrive_and_wait();
        }
    }

    result<std::shared_ptr<object>> create(const object_info& info) { return run(cache->create(info)); }

    /// Fetches the missing pages of [first, last] of `o`, in pieces.
    result<void> fetch(const std::shared_ptr<object>& o, std::uint64_t first, std::uint64_t last) {
        return run(fetch_pages(*cache, o, first, last)) ? result<void>() : result<void>(failure_);
    }
    /// What a reader gets of [first, last]: whether each byte is the version's, and where it ended.
    struct read_result {
        bool right{true};
        std::uint64_t end{0}; ///< one past the last byte that could be read
        span::kind why{span::kind::readable};
        std::optional<error> failure{};
    };
    read_result read(const std::shared_ptr<object>& o, std::uint64_t first, std::uint64_t last) {
        return run(read_pages(*cache, o, context.get_executor(), first, last));
    }

    static awaitable<read_result> read_pages(object_cache& c, std::shared_ptr<object> o, executor ex,
                                             std::uint64_t first, std::uint64_t last) {
        read_result r{true, first};
        auto data = co_await c.open(o);
        if (!data) {
            r.failure = data.error();
            co_return r;
        }
        reader in(o, ex, first, last);
        while (r.end <= last) {
            const span s = in.next(r.end);
            r.why = s.what;
            if (s.what == span::kind::unverified) {
                auto checked = co_await c.verify(o, data.value(), s.first, s.last);
                if (!checked) {
                    r.failure = checked.error();
                    co_return r;
                }
                continue;
            }
            if (s.what != span::kind::readable) {
                co_return r;
            }
            std::vector<char> buffer(static_cast<std::size_t>(s.last - s.first + 1));
            const auto whole = read_all(*data.value(), s.first, buffer.data(), buffer.size());
            r.right = r.right && whole && buffer == bytes_of(seed_of(*o), s.first, buffer.size());
            r.end = s.last + 1;
        }
        co_return r;
    }

private:
    awaitable<bool> fetch_pages(object_cache& c, std::shared_ptr<object> o, std::uint64_t first, std::uint64_t last) {
        auto data = co_await c.open(o);
        if (!data) {
            failure_ = data.error();
            co_return false;
        }
        // A cache that is too small evicts what was just fetched: then it is enough to have tried.
        for (int round = 0; round < 20; ++round) {
            const auto gap = o->gap(first, last);
            const auto f = gap.begin == gap.end ? nullptr : o->claim(gap.begin, gap.end - 1, whole_pages);
            if (!f) {
                co_return true;
            }
            fill_writer w(c, o, f, data.value());
            auto ready = co_await w.prepare();
            while (ready && !w.complete()) {
                const auto bytes = bytes_of(seed_of(*o), w.position(), std::min(w.end() - w.position(), 100 * kib));
                auto written = co_await w.write(bytes.data(), bytes.size());
                ready = written ? result<void>() : result<void>(written.error());
            }
            w.finish(ready);
            if (!ready) {
                failure_ = ready.error();
                co_return false;
            }
        }
        co_return true;
    }

    error failure_;
};

} // namespace sluice::cache::testing
