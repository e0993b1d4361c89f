#include <sluice/base/assert.hpp>
#include <sluice/cache/fill_writer.hpp>

#include <xxhash.h>

#include <algorithm>

namespace sluice::cache {

struct fill_writer::running_sum {
    running_sum() { XXH64_reset(state, 0); }
    running_sum(const running_sum&) = delete;
    running_sum& operator=(const running_sum&) = delete;
    ~running_sum() { XXH64_freeState(state); }
    XXH64_state_t* state{XXH64_createState()};
    bool whole{true};
};

fill_writer::fill_writer(fill_writer&&) noexcept = default;

fill_writer::fill_writer(object_cache& cache, std::shared_ptr<object> o, std::shared_ptr<fill> f,
                         std::shared_ptr<file> data)
    : cache_(&cache)
    , object_(std::move(o))
    , fill_(std::move(f))
    , data_(std::move(data)) {
    try {
        sum_ = std::make_unique<running_sum>();
    } catch (...) { // there will be no destructor: its readers would wait for ever
        finish(error{errc::canceled, error_source::internal, true});
        throw;
    }
    sum_->whole = fill_->begin % page_size == 0;
}

fill_writer::~fill_writer() {
    if (fill_) {
        finish(error{errc::canceled, error_source::internal, true});
    }
}

void fill_writer::finish(result<void> outcome) {
    cache_->punch_later(object_, object_->end_fill(*fill_, std::move(outcome)));
}

awaitable<result<void>> fill_writer::reserve(std::uint64_t length) {
    auto need = object_->reservation_for(*fill_, length);
    if (need.pages == 0) {
        co_return result<void>();
    }
    auto reserved = co_await cache_->reserve(need.bytes + need.metadata);
    if (!reserved) {
        co_return reserved.error();
    }
    object_->reserved(*fill_, need);
    if (need.pages == 0) {
        co_return result<void>();
    }
    const std::uint64_t begin = static_cast<std::uint64_t>(need.first_page) * page_size;
    // No more than was charged: the last page of an object takes what its bytes take.
    const std::uint64_t size_on_disk = (object_->info().size + 4095) / 4096 * 4096;
    const std::uint64_t bytes = std::min(static_cast<std::uint64_t>(need.pages) * page_size, size_on_disk - begin);
    auto job = [disk = cache_->disk(), f = data_, begin, bytes] { return disk->allocate(*f, begin, bytes); };
    auto allocated = co_await cache_->writes().run(std::move(job));
    if (!allocated) {
        cache_->report_write_error(allocated.error());
    }
    co_return allocated;
}

awaitable<result<void>> fill_writer::prepare() {
    return reserve(1);
}

awaitable<result<std::size_t>> fill_writer::write(const char* data, std::size_t length) {
    SLUICE_ASSERT(thread_.is_this());
    const std::uint64_t begin = fill_->published;
    length = static_cast<std::size_t>(object_->begin_write(*fill_, length));
    if (length == 0) {
        co_return length;
    }
    auto reserved = co_await reserve(length);
    if (!reserved) {
        co_return reserved.error();
    }
    struct outcome {
        result<void> written;
        std::vector<std::pair<std::size_t, std::uint64_t>> sums;
    };
    auto job = [disk = cache_->disk(), o = object_, f = data_, sum = sum_.get(), data, length, begin]() -> outcome {
        outcome result_of{};
        for (const auto& [from, to] : o->writable(begin, begin + length)) {
            result_of.written = disk->write(*f, from, data + (from - begin), static_cast<std::size_t>(to - from));
            if (!result_of.written) {
                return result_of;
            }
        }
        std::uint64_t at = begin;
        while (at < begin + length) {
            const auto page = static_cast<std::size_t>(at / page_size);
            const std::uint64_t to = std::min(begin + length, o->layout().page_end(page));
            XXH64_update(sum->state, data + (at - begin), static_cast<std::size_t>(to - at));
            at = to;
            if (at == o->layout().page_end(page)) {
                if (sum->whole) {
                    result_of.sums.emplace_back(page, XXH64_digest(sum->state));
                }
                XXH64_reset(sum->state, 0);
                sum->whole = true;
            }
        }
        return result_of;
    };
    auto done = co_await cache_->writes().run(std::move(job));
    if (!done.written) {
        cache_->report_write_error(done.written.error());
        co_return done.written.error();
    }
    object_->publish(*fill_, length, done.sums);
    co_return length;
}

void fill_writer::expect(steady_clock::time_point first_byte, double byte_time) {
    object_->expect(*fill_, first_byte, byte_time);
}

awaitable<bool> fill_writer::wait_for_demand(std::uint64_t window, std::shared_ptr<async_event> wake) {
    // Where the cache is small, what is fetched far ahead would push itself out before anybody read it.
    window = std::min(window, std::max(cache_->limit_bytes() / 4, object_->layout().block_size));
    for (;;) {
        // Registered before looking, so that a reader's move between the two is not missed.
        object_->await_demand(*fill_, wake);
        const auto demand = object_->demand_for(*fill_, window);
        if (!demand.wanted) {
            co_return false;
        }
        if (fill_->published < demand.wanted_to) {
            co_return true;
        }
        co_await wake->wait();
    }
}

bool fill_writer::is_wanted(std::uint64_t window) {
    return object_->demand_for(*fill_, window).wanted;
}

awaitable<void> fill_writer::wait_for_first_page_readers(std::shared_ptr<async_event> wake) {
    const std::uint64_t begin = fill_->begin;
    const std::uint64_t page_last = begin / page_size * page_size + page_size - 1;
    while (begin % page_size != 0) {
        object_->await_demand(*fill_, wake);
        if (!object_->has_reader_in(begin, page_last)) {
            break;
        }
        co_await wake->wait();
    }
}

void fill_writer::flush() {
    SLUICE_ASSERT(thread_.is_this());
    if (flushed_ != fill_->published) {
        flushed_ = fill_->published;
        object_->flush(*fill_);
    }
}

} // namespace sluice::cache
