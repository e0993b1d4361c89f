// The files, and a disk that fails or cannot do what others can.
#include <sluice/cache/block_store.hpp>

#include <boost/test/unit_test.hpp>

#include "disk.hpp"
#include <fcntl.h>

#include <cerrno>
#include <fstream>

namespace sluice::cache::testing {

namespace {

int fail_with(int number) {
    errno = number;
    return -1;
}
int no_allocate(int /*fd*/, int /*mode*/, off_t /*offset*/, off_t /*length*/) {
    return fail_with(EOPNOTSUPP);
}
/// What `detect` probes with works, later calls do not.
int full_after_probe(int fd, int mode, off_t offset, off_t length) {
    return offset == 0 ? ::fallocate(fd, mode, offset, length) : fail_with(ENOSPC);
}
int no_truncate(int /*fd*/, off_t /*length*/) {
    return fail_with(EFBIG);
}
ssize_t full_write(int /*fd*/, const void* /*data*/, std::size_t /*length*/, off_t /*offset*/) {
    return fail_with(ENOSPC);
}
ssize_t read_only_write(int /*fd*/, const void* /*data*/, std::size_t /*length*/, off_t /*offset*/) {
    return fail_with(EROFS);
}
ssize_t short_write(int fd, const void* data, std::size_t length, off_t offset) {
    static int calls = 0;
    if (++calls % 3 == 0) {
        return fail_with(EINTR);
    }
    return ::pwrite(fd, data, std::min<std::size_t>(length, 1000), offset);
}
int no_rename(int /*from_directory*/, const char* /*from*/, int /*to_directory*/, const char* /*to*/) {
    return fail_with(EIO);
}

struct store_bench {
    explicit store_bench(const system_calls& calls = {})
        : it(std::move(block_store::open(directory.path(), calls).value())) {}
    temporary_directory directory;
    std::unique_ptr<block_store> it;

    std::shared_ptr<file> made(const std::string& name, std::uint64_t size) { return it->create(name, size).value(); }
};

std::uint64_t blocks_of(const file& f) {
    struct stat s {};
    BOOST_REQUIRE(fstat(f.fd(), &s) == 0);
    return static_cast<std::uint64_t>(s.st_blocks) * 512;
}

metadata of(const object_info& info) {
    metadata m;
    m.info = info;
    m.checked = info.stored;
    for (std::size_t page = 0; page < page_layout{info.size}.pages(); ++page) {
        m.add(page, 1);
    }
    return m;
}

/// Loads everything: names of the objects, and the bytes of what was removed.
std::pair<std::vector<std::string>, std::uint64_t> loaded(const block_store& store) {
    std::pair<std::vector<std::string>, std::uint64_t> got;
    store.load(
        store.scan().value().names,
        [&got](const block_store::found_object& found) {
            got.first.push_back(block_store::name_of(found.meta.info.key, found.serial));
            return true;
        },
        [&got](std::uint64_t bytes) { got.second += bytes; });
    return got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_FIXTURE_TEST_CASE(what_is_written_is_read_and_a_hole_gives_the_room_back, store_bench) {
    const auto f = made("a", 3 * page_size + 5);
    struct stat s {};
    fstat(f->fd(), &s);
    BOOST_TEST(static_cast<std::uint64_t>(s.st_size) == 4 * page_size);
    BOOST_TEST(it->allocate(*f, 0, 2 * page_size).has_value());
    const auto bytes = bytes_of(1, 0, 2 * page_size);
    BOOST_TEST(it->write(*f, 0, bytes.data(), bytes.size()).has_value());
    std::vector<char> back(bytes.size());
    BOOST_TEST(read_all(*f, 0, back.data(), back.size()).has_value());
    BOOST_TEST((back == bytes));
    BOOST_TEST(blocks_of(*f) >= 2 * page_size);
    if (it->can_punch()) {
        BOOST_TEST(it->punch(*f, 0, 4 * page_size).has_value());
        BOOST_TEST(blocks_of(*f) < page_size);
        fstat(f->fd(), &s);
        BOOST_TEST(static_cast<std::uint64_t>(s.st_size) == 4 * page_size);
    }
    BOOST_TEST(!read_all(*f, 4 * page_size - 1, back.data(), 2)); // an early end is an error
}

BOOST_AUTO_TEST_CASE(a_second_one_is_locked_out_until_the_first_ends) {
    store_bench b;
    const auto second = block_store::open(b.directory.path());
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().retryable);
    b.it.reset();
    BOOST_TEST(block_store::open(b.directory.path()).has_value());
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_is_an_error_that_waiting_does_not_mend) {
    temporary_directory d;
    std::ofstream(d.path() + "/file") << "x";
    const auto opened = block_store::open(d.path() + "/file");
    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == errc::disk_error));
    BOOST_TEST(!opened.error().retryable);
    BOOST_TEST(!block_store::open(d.path() + "/not/there"));
}

BOOST_FIXTURE_TEST_CASE(names_are_never_used_twice, store_bench) {
    const auto key = info_of(1).key;
    const std::string a = block_store::name_of(key, it->new_serial());
    BOOST_TEST(a != block_store::name_of(key, it->new_serial()));
    BOOST_TEST(a.starts_with(key.hash()));
    made(a, 1);
    BOOST_TEST(!it->create(a, 1)); // never somebody else's file
}

BOOST_AUTO_TEST_CASE(without_allocation_and_holes_it_still_writes) {
    system_calls calls;
    calls.allocate = no_allocate;
    store_bench b(calls);
    BOOST_TEST(!b.it->can_punch());
    const auto f = b.made("a", page_size);
    BOOST_TEST(b.it->allocate(*f, 0, page_size).has_value()); // there is nothing to do
    BOOST_TEST(b.it->write(*f, 0, "x", 1).has_value());
    BOOST_TEST(!b.it->punch(*f, 0, page_size));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_from_a_broken_one) {
    system_calls calls;
    calls.allocate = full_after_probe;
    calls.write = full_write;
    store_bench b(calls);
    const auto f = b.made("a", 4 * page_size);
    BOOST_TEST((b.it->allocate(*f, page_size, page_size).error().code == errc::disk_full));
    BOOST_TEST((b.it->write(*f, 0, "x", 1).error().code == errc::disk_full));
    BOOST_TEST((b.it->write_metadata("a", of(info_of(1))).error().code == errc::disk_full));
    BOOST_TEST(b.directory.names(".tmp").empty());
    calls.write = read_only_write;
    b.it.reset();
    b.it = std::move(block_store::open(b.directory.path(), calls).value());
    BOOST_TEST((b.it->write(*f, 0, "x", 1).error().code == errc::disk_error));
}

BOOST_AUTO_TEST_CASE(short_and_interrupted_writes_go_on) {
    system_calls calls;
    calls.write = short_write;
    store_bench b(calls);
    const auto f = b.made("a", page_size);
    const auto bytes = bytes_of(2, 0, 12345);
    BOOST_TEST(b.it->write(*f, 77, bytes.data(), bytes.size()).has_value());
    std::vector<char> back(bytes.size());
    BOOST_TEST(read_all(*f, 77, back.data(), back.size()).has_value());
    BOOST_TEST((back == bytes));
}

BOOST_AUTO_TEST_CASE(what_fails_half_way_leaves_no_file) {
    system_calls calls;
    calls.rename = no_rename;
    store_bench b(calls);
    BOOST_TEST(!b.it->write_metadata("a", of(info_of(1))));
    BOOST_TEST(b.directory.names(".tmp").empty());
    BOOST_TEST(b.directory.names(".meta").empty());
    calls.truncate = no_truncate;
    b.it.reset();
    b.it = std::move(block_store::open(b.directory.path(), calls).value());
    BOOST_TEST(!b.it->create("b", page_size));
    BOOST_TEST(b.directory.names(".data").empty());
}

BOOST_FIXTURE_TEST_CASE(only_whole_pairs_are_loaded, store_bench) {
    const auto info = info_of(2 * page_size);
    const auto add = [&](const object_info& i) {
        const std::string name = block_store::name_of(i.key, it->new_serial());
        made(name, i.size);
        BOOST_REQUIRE(it->write_metadata(name, of(i)));
        return name;
    };
    const auto path = [&](const std::string& name) { return directory.path() + "/v2/" + name; };
    const std::string good = add(info);
    const std::string no_data = add(info_of(1, "no data"));
    unlink(path(no_data + ".data").c_str());
    const std::string no_meta = add(info_of(1, "no meta"));
    unlink(path(no_meta + ".meta").c_str());
    const std::string cut = add(info_of(2 * page_size, "cut"));
    BOOST_REQUIRE(truncate(path(cut + ".data").c_str(), 100) == 0);
    const std::string damaged = add(info_of(1, "damaged"));
    std::ofstream(path(damaged + ".meta")) << "not metadata";
    // The metadata of another object under this one's name.
    const std::string swapped = add(info_of(1, "swapped"));
    BOOST_REQUIRE(it->write_metadata(swapped, of(info_of(1, "somebody else"))));
    std::ofstream(path("left.tmp")) << "half";
    std::ofstream(path("a stranger")) << "not ours";

    const auto scanned = it->scan().value();
    BOOST_TEST(scanned.bytes > 0U);
    const auto [names, removed] = loaded(*it);
    BOOST_TEST(names.size() == 1U);
    BOOST_TEST(names.at(0) == good);
    BOOST_TEST(removed > 0U);
    BOOST_TEST(directory.names(".data").size() == 1U);
    BOOST_TEST(directory.names(".meta").size() == 1U);
    BOOST_TEST(directory.names(".tmp").empty());
    BOOST_TEST(directory.names("a stranger").size() == 1U); // counted, and left alone
}

BOOST_FIXTURE_TEST_CASE(a_scan_counts_all_that_takes_room, store_bench) {
    const std::uint64_t empty = it->scan().value().bytes;
    const auto f = made("a-0", 8 * page_size);
    const auto bytes = bytes_of(3, 0, 3 * page_size);
    BOOST_REQUIRE(it->write(*f, page_size, bytes.data(), bytes.size()));
    fsync(f->fd()); // delayed allocation counts no blocks before
    BOOST_TEST(it->scan().value().bytes >= empty + 3 * page_size);
    BOOST_TEST(it->scan().value().bytes < empty + 5 * page_size);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
