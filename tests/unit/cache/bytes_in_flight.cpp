// Bytes that a socket has taken are those that were in the file then, whatever hole is made in it before they are sent.
// Says something on filesystems whose page cache has large folios (ext4, XFS of a current kernel); passes on others.
#include <sluice/cache/block_store.hpp>

#include <boost/test/unit_test.hpp>

#include "disk.hpp"
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <vector>

namespace sluice::cache::testing {

namespace {

constexpr std::uint64_t size = 4ULL << 20U;

/// Two ends of a TCP connection on the loopback, whose buffers take megabytes.
struct connection {
    connection() {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof at;
        auto* address = reinterpret_cast<sockaddr*>(&at);
        BOOST_REQUIRE(::bind(listener, address, length) == 0);
        BOOST_REQUIRE(::listen(listener, 1) == 0);
        BOOST_REQUIRE(::getsockname(listener, address, &length) == 0);
        from = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        BOOST_REQUIRE(::connect(from, address, length) == 0);
        to = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        ::close(listener);
        BOOST_REQUIRE(::fcntl(from, F_SETFL, O_NONBLOCK) == 0);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        ::close(from);
        ::close(to);
    }
    int from{-1};
    int to{-1};
};

/// Hands the file to a socket as far as that takes it, punches every other page of it, and then reads: gives how many
/// bytes are others than those that were sent.
std::size_t changed_in_flight(const std::function<void(const block_store&, const file&)>& before) {
    const temporary_directory directory;
    const auto store = std::move(block_store::open(directory.path()).value());
    const auto data = store->create("a", size).value();
    const std::vector<char> bytes(size, '\xaa');
    constexpr std::uint64_t step = 2 * page_size; // as a fill writes
    for (std::uint64_t at = 0; at < size; at += step) {
        BOOST_REQUIRE(store->write(*data, at, bytes.data(), step).has_value());
    }
    before(*store, *data);
    const connection peers;
    off_t sent = 0;
    while (static_cast<std::uint64_t>(sent) < size && ::sendfile(peers.from, data->fd(), &sent, size) > 0) {
    }
    BOOST_TEST_REQUIRE(sent > static_cast<off_t>(4 * page_size));
    for (std::uint64_t at = 0; at < size; at += 2 * page_size) {
        BOOST_REQUIRE(store->punch(*data, at, page_size).has_value());
    }
    std::size_t wrong = 0;
    std::vector<char> got(page_size);
    for (off_t read = 0; read < sent;) {
        const auto n = ::recv(peers.to, got.data(), got.size(), 0);
        BOOST_TEST_REQUIRE(n > 0);
        wrong += static_cast<std::size_t>(n - std::count(got.begin(), got.begin() + n, '\xaa'));
        read += n;
    }
    return wrong;
}

/// The page cache forgets the file, as after a restart of the machine.
void forget(const file& data) {
    BOOST_REQUIRE(::fsync(data.fd()) == 0);
    BOOST_REQUIRE(::posix_fadvise(data.fd(), 0, 0, POSIX_FADV_DONTNEED) == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(bytes_in_flight)

BOOST_AUTO_TEST_CASE(of_a_file_just_written) {
    BOOST_TEST(changed_in_flight([](const block_store&, const file&) {}) == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_file_that_sending_reads_from_the_disk) {
    BOOST_TEST(changed_in_flight([](const block_store&, const file& data) { forget(data); }) == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_file_that_was_loaded_in_order) {
    const auto load = [](const block_store&, const file& data) {
        forget(data);
        prefetch(data.fd(), 0, size);
        std::vector<char> sink(page_size);
        for (std::uint64_t at = 0; at < size; at += page_size) {
            BOOST_REQUIRE(read_all(data, at, sink.data(), sink.size()).has_value());
        }
    };
    BOOST_TEST(changed_in_flight(load) == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_file_that_was_opened_anew) {
    const auto open = [](const block_store& store, const file& data) {
        forget(data);
        const auto again = store.open_data("a").value();
        std::vector<char> sink(page_size);
        for (std::uint64_t at = 0; at < size; at += page_size) {
            BOOST_REQUIRE(read_all(*again, at, sink.data(), sink.size()).has_value());
        }
    };
    BOOST_TEST(changed_in_flight(open) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
