#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/origin/local.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace sluice;
using namespace sluice::origin;
namespace fs = std::filesystem;

namespace {

/// A root with a secret beside it, both gone at the end.
struct fixture {
    fixture() {
        std::string name = (fs::temp_directory_path() / "sluice-local-XXXXXX").string();
        BOOST_TEST_REQUIRE(mkdtemp(name.data()) != nullptr);
        top = name;
        root = name + "/root";
        fs::create_directories(root + "/a/b");
        write("a/film.mp4", "0123456789");
        std::ofstream(top / "secret") << "not for anybody";
        fs::create_directory(top / "root-other");
        std::ofstream(top / "root-other/secret") << "not for anybody";
    }
    fixture(const fixture&) = delete;
    fixture& operator=(const fixture&) = delete;
    ~fixture() {
        std::error_code ignored;
        fs::remove_all(top, ignored);
    }

    void write(const std::string& key, std::string_view text) const { std::ofstream(root + "/" + key) << text; }

    [[nodiscard]] result<std::shared_ptr<local_object>> open(const std::string& key) const {
        return open_local(root, key);
    }

    void refused(const std::string& key, errc code) const {
        const auto o = open(key);
        BOOST_TEST_REQUIRE(o.has_error(), key);
        BOOST_TEST(to_string(o.error().code) == to_string(code), key);
        BOOST_TEST((o.error().source == error_source::origin));
        BOOST_TEST(!o.error().retryable);
        BOOST_TEST(o.error().detail.find(root) == std::string::npos); // no path of this machine in a log of errors
    }

    fs::path top;
    std::string root;
};

std::string content(const local_object& o) {
    std::array<char, 64> buffer{};
    const auto n = pread(o.fd, buffer.data(), buffer.size(), 0);
    return n < 0 ? "error" : std::string(buffer.data(), static_cast<std::size_t>(n));
}

std::size_t open_descriptors() {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator("/proc/self/fd")) {
        ++n;
    }
    return n;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(local_files, fixture)

BOOST_AUTO_TEST_CASE(a_file_and_what_is_told_of_it) {
    const auto o = open("a/film.mp4");
    BOOST_TEST_REQUIRE(o.has_value());
    BOOST_TEST((*o)->size == 10U);
    BOOST_TEST((*o)->content_type == "video/mp4");
    BOOST_TEST(http::is_strong_etag((*o)->etag), (*o)->etag);
    BOOST_TEST(http::parse_http_date((*o)->last_modified).has_value());
    BOOST_TEST(content(**o) == "0123456789");
    BOOST_TEST((*open("a/film.mp4"))->etag == (*o)->etag);
    write("empty", "");
    BOOST_TEST((*open("empty"))->size == 0U);
    BOOST_TEST((*open("a/./film.mp4"))->etag == (*o)->etag); // the same place, whatever it is called
}

BOOST_AUTO_TEST_CASE(nothing_leads_out) {
    refused("../secret", errc::forbidden);
    refused("a/../../secret", errc::forbidden);
    refused("../root-other/secret", errc::forbidden);
    refused("../root/a/film.mp4", errc::forbidden); // out and in again
    refused((top / "secret").string(), errc::forbidden);
    refused("/etc/passwd", errc::forbidden);

    fs::create_symlink("../secret", root + "/relative");
    fs::create_symlink(top / "secret", root + "/absolute");
    fs::create_directory_symlink("..", root + "/up");
    fs::create_directory_symlink("/", root + "/a/top");
    fs::create_symlink(root + "/a/film.mp4", root + "/inside-absolute");
    refused("relative", errc::forbidden);
    refused("absolute", errc::forbidden);
    refused("up/secret", errc::forbidden);
    refused("a/top/etc/passwd", errc::forbidden);
    refused("inside-absolute", errc::forbidden); // it begins at the machine's root, wherever it ends
    fs::create_symlink("loop", root + "/loop");
    refused("loop", errc::forbidden);
    const std::string self = "/proc/self/fd/" + std::to_string(0);
    fs::create_symlink(self, root + "/magic");
    refused("magic", errc::forbidden);
}

BOOST_AUTO_TEST_CASE(regular_files_alone) {
    refused("a", errc::not_found);
    refused("a/", errc::not_found);
    refused(".", errc::not_found);
    refused("", errc::not_found);
    BOOST_TEST_REQUIRE(mkfifo((root + "/pipe").c_str(), 0600) == 0);
    refused("pipe", errc::not_found); // and does not wait for somebody to write into it
    const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = root + "/socket";
    BOOST_TEST_REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(static_cast<char*>(address.sun_path), path.size());
    BOOST_TEST_REQUIRE(bind(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    refused("socket", errc::not_found);
    close(s);
}

BOOST_AUTO_TEST_CASE(what_is_not_there) {
    refused("none", errc::not_found);
    refused("a/none/film.mp4", errc::not_found);
    refused("a/film.mp4/x", errc::not_found);
    refused("a/film.mp4/", errc::not_found);
    refused(std::string("a/film.mp4\0.txt", 15), errc::not_found);
    refused(std::string(300, 'x'), errc::not_found);
    refused(std::string(5000, 'x'), errc::not_found);
    const auto o = open_local(root + "/none", "a");
    BOOST_TEST((o.has_error() && o.error().code == errc::not_found));
    const auto file = open_local(root + "/a/film.mp4", "a"); // a root that is no directory
    BOOST_TEST((file.has_error() && file.error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(replaced_while_open) {
    const auto before = open("a/film.mp4");
    BOOST_TEST_REQUIRE(before.has_value());
    write("a/new", "abcdefghij");
    fs::rename(root + "/a/new", root + "/a/film.mp4");
    BOOST_TEST(content(**before) == "0123456789"); // one version to the end
    const auto after = open("a/film.mp4");
    BOOST_TEST_REQUIRE(after.has_value());
    BOOST_TEST(content(**after) == "abcdefghij");
    BOOST_TEST((*after)->size == (*before)->size);
    BOOST_TEST((*after)->etag != (*before)->etag); // same size and second, yet another file
    fs::remove(root + "/a/film.mp4");
    refused("a/film.mp4", errc::not_found);
    BOOST_TEST(content(**after) == "abcdefghij");
}

BOOST_AUTO_TEST_CASE(rewritten_in_place) {
    const auto before = open("a/film.mp4");
    write("a/film.mp4", "longer than it was");
    BOOST_TEST((*open("a/film.mp4"))->etag != (*before)->etag);
    const auto longer = open("a/film.mp4");
    fs::last_write_time(root + "/a/film.mp4", fs::file_time_type::clock::now() - std::chrono::hours(1));
    BOOST_TEST((*open("a/film.mp4"))->etag != (*longer)->etag);
}

BOOST_AUTO_TEST_CASE(no_descriptor_is_left) {
    const auto before = open_descriptors();
    fs::create_symlink("../secret", root + "/relative");
    for (const std::string key : {"a/film.mp4", "a", "none", "../secret", "relative", ""}) {
        (void)open(key);
    }
    (void)open_local(root + "/none", "a");
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(types) {
    BOOST_TEST(type_by_name("a/b.MP4") == "video/mp4");
    BOOST_TEST(type_by_name("x.tar.webm") == "video/webm");
    BOOST_TEST(type_by_name("x.pdf") == "application/pdf");
    BOOST_TEST(type_by_name("x.md") == "text/markdown; charset=utf-8");
    BOOST_TEST(type_by_name("x.tar.gz") == "application/x-tar");
    for (const std::string_view name : {"", "mp4", "x.", ".", "x.html", "x.svg", "x.mp4 ", "a.mp4/b", "x.js"}) {
        BOOST_TEST(type_by_name(name) == "application/octet-stream", name);
    }
}

BOOST_AUTO_TEST_CASE(what_counts_as_written_to) {
    const file_stamp before{100, {1000, 1}, {2000, 2}, 1};
    BOOST_TEST(!is_written_to(before, before));
    const auto with = [before](auto change) {
        file_stamp now = before;
        change(now);
        return is_written_to(before, now);
    };
    BOOST_TEST(with([](file_stamp& s) { s.size = 99; }));
    BOOST_TEST(with([](file_stamp& s) { s.modified.tv_nsec = 2; }));
    BOOST_TEST(with([](file_stamp& s) { s.modified.tv_sec = 999; }));
    BOOST_TEST(with([](file_stamp& s) { s.changed.tv_nsec = 3; }));
    BOOST_TEST(with([](file_stamp& s) { s.changed.tv_sec = 2001; }));
    // Replaced by rename, removed, or linked: its bytes are what they were.
    BOOST_TEST(!with([](file_stamp& s) { s.changed.tv_sec = 2001, s.links = 0; }));
    BOOST_TEST(!with([](file_stamp& s) { s.changed.tv_sec = 2001, s.links = 2; }));
    BOOST_TEST(with([](file_stamp& s) { s.changed.tv_sec = 2001, s.links = 0, s.modified.tv_sec = 2001; }));
    BOOST_TEST(with([](file_stamp& s) { s.links = 0, s.size = 0; }));
}

BOOST_AUTO_TEST_CASE(a_file_is_unchanged_until_it_is_written_to) {
    const auto first = open("a/film.mp4").value();
    BOOST_TEST(first->is_unchanged());
    write("a/new", "another file");
    fs::rename(root + "/a/new", root + "/a/film.mp4");
    BOOST_TEST(first->is_unchanged());
    const auto second = open("a/film.mp4").value();
    write("a/film.mp4", "another, longer file");
    BOOST_TEST(!second->is_unchanged());
    BOOST_TEST(first->is_unchanged());
}

BOOST_AUTO_TEST_SUITE_END()
