#include <sluice/config/address.hpp>
#include <sluice/config/text.hpp>
#include <sluice/config/units.hpp>
#include <sluice/config/workers.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace sluice;
using namespace sluice::config;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(numbers_are_base_ten) {
    BOOST_TEST(parse_number("0").value() == 0U);
    BOOST_TEST(parse_number("010").value() == 10U);
    BOOST_TEST(parse_number("18446744073709551615").value() == UINT64_MAX);
    for (const auto* text :
         {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "1.0", "1_000", "18446744073709551616", "0o7"}) {
        BOOST_TEST(!parse_number(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(sizes) {
    BOOST_TEST(parse_size("0").value() == 0U);
    BOOST_TEST(parse_size("1B").value() == 1U);
    BOOST_TEST(parse_size("64KiB").value() == 65536U);
    BOOST_TEST(parse_size("64Ki").value() == 65536U);
    BOOST_TEST(parse_size("16MiB").value() == 16U << 20U);
    BOOST_TEST(parse_size("20GiB").value() == 20ULL << 30U);
    BOOST_TEST(parse_size("20Gi").value() == 20ULL << 30U);
    BOOST_TEST(parse_size("2TiB").value() == 2ULL << 40U);
    BOOST_TEST(parse_size("010KiB").value() == 10240U);
    for (const auto* text : {"", "1", "20GB", "20G", "20g", "20gib", "1.5GiB", "-1GiB", "1 GiB", "GiB", "1GiBs", "1K",
                             "99999999TiB", "18446744073709551615KiB", "30s"}) {
        BOOST_TEST(!parse_size(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(times) {
    BOOST_TEST((parse_duration("0").value() == 0ms));
    BOOST_TEST((parse_duration("0s").value() == 0ms));
    BOOST_TEST((parse_duration("250ms").value() == 250ms));
    BOOST_TEST((parse_duration("30s").value() == 30s));
    BOOST_TEST((parse_duration("5m").value() == 5min));
    BOOST_TEST((parse_duration("24h").value() == 24h));
    BOOST_TEST((parse_duration("1d").value() == 24h));
    for (const auto* text :
         {"", "5", "-5s", "1.5s", "5 s", "5S", "5min", "1h30m", "s", "99999999999999999d", "20GiB"}) {
        BOOST_TEST(!parse_duration(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(shares_and_truths) {
    BOOST_TEST(parse_percent("100%").value() == 100U);
    BOOST_TEST(parse_percent("0%").value() == 0U);
    for (const auto* text : {"", "%", "100", "101%", "-1%", "1.5%", "5 %"}) {
        BOOST_TEST(!parse_percent(text).has_value(), text);
    }
    BOOST_TEST(parse_bool("true").value());
    BOOST_TEST(!parse_bool("false").value());
    for (const auto* text : {"", "yes", "no", "on", "True", "1"}) {
        BOOST_TEST(!parse_bool(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(formats_read_back) {
    for (const std::uint64_t bytes : {0ULL, 1ULL, 1023ULL, 65536ULL, 20ULL << 30U, 3ULL << 40U}) {
        BOOST_TEST(parse_size(format_size(bytes)).value() == bytes);
    }
    BOOST_TEST(format_size(20ULL << 30U) == "20GiB");
    for (const duration time : {duration{0}, duration{1}, duration{1500}, duration{60000}, duration{86400000}}) {
        BOOST_TEST((parse_duration(format_duration(time)).value() == time));
    }
    BOOST_TEST(format_duration(24h) == "24h");
}

BOOST_AUTO_TEST_CASE(utf8) {
    for (const std::string_view text :
         {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
        BOOST_TEST(is_utf8(text), text);
    }
    for (const std::string_view text : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                                        "\xF4\x90\x80\x80", "\xFF", "a\xE2\x82"}) {
        BOOST_TEST(!is_utf8(text));
    }
}

BOOST_AUTO_TEST_CASE(fields) {
    BOOST_TEST(parse_field_name("X-Forwarded-User").value() == "x-forwarded-user");
    for (const auto* text : {"", "a b", "a:", "a\r\nb", "\xC3\xA9", "(a)"}) {
        BOOST_TEST(!parse_field_name(text).has_value(), text);
    }
    BOOST_TEST(parse_field_value("private, max-age=3600").has_value());
    for (const auto* text : {"", " a", "a ", "a\r\nSet-Cookie: b", "a\tb", "a\x7f"}) {
        BOOST_TEST(!parse_field_value(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(endpoints) {
    const auto v4 = parse_endpoint("0.0.0.0:8080").value();
    BOOST_TEST(v4.host == "0.0.0.0");
    BOOST_TEST(v4.port == 8080);
    const auto v6 = parse_endpoint("[0:0::1]:0").value();
    BOOST_TEST(v6.host == "::1");
    BOOST_TEST(v6.port == 0);
    for (const auto* text : {"", "8080", ":8080", "localhost:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1",
                             "::1:80", "[1.2.3.4]:80", "[::1]", "[::1%lo]:80", "1.2.3:80", "01.2.3.4:80"}) {
        BOOST_TEST(!parse_endpoint(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(urls) {
    const auto plain = parse_url("http://127.0.0.1:3000").value();
    BOOST_TEST(!plain.tls);
    BOOST_TEST(plain.host == "127.0.0.1");
    BOOST_TEST(plain.port == 3000);
    BOOST_TEST(plain.path == "");
    BOOST_TEST(plain.authority() == "127.0.0.1:3000");
    const auto with_path = [](const std::string& text) {
        const auto u = parse_base_url(text);
        return u ? u->path : "refused";
    };
    BOOST_TEST(with_path("http://h") == "");
    BOOST_TEST(with_path("http://h/") == "");
    BOOST_TEST(with_path("http://h/devstoreaccount1") == "/devstoreaccount1");
    BOOST_TEST(with_path("http://h/a.b/c-_~/") == "/a.b/c-_~");
    for (const auto* path : {"//", "/a//", "//a", "/a//b", "/.", "/a/../b", "/%41", "/a:b", "/a?b", "/a#b"}) {
        BOOST_TEST(with_path(std::string("http://h") + path) == "refused", path);
    }
    BOOST_TEST(with_path("http://127.0.0.1.example") == "refused"); // Boost.URL takes an address and a path from it
    const auto stays = [](const std::string& text) { return is_loopback(parse_url(text).value()); };
    BOOST_TEST(stays("http://127.0.0.1"));
    BOOST_TEST(stays("http://127.9.9.9:1"));
    BOOST_TEST(stays("http://[::1]:1"));
    BOOST_TEST(stays("http://LOCALHOST"));
    for (const auto* text :
         {"http://10.0.0.1", "http://[::2]", "http://0.0.0.0", "http://localhost.example", "http://a.localhost"}) {
        BOOST_TEST(!stays(text), text);
    }
    BOOST_TEST(is_numeric_host(parse_url("http://[::2]").value()));
    BOOST_TEST(!is_numeric_host(parse_url("http://abcdef").value()));
    const auto tls = parse_url("https://S3.Example/").value();
    BOOST_TEST(tls.tls);
    BOOST_TEST(tls.port == 443);
    BOOST_TEST(tls.authority() == "s3.example");
    BOOST_TEST(parse_url("https://h:80").value().authority() == "h:80");
    BOOST_TEST(parse_url("http://[::1]:9000").value().host == "::1");
    BOOST_TEST(parse_url("http://[::1]:9000").value().authority() == "[::1]:9000");
    BOOST_TEST(parse_url("http://minio_1.svc.:9000").value().host == "minio_1.svc.");
    for (const auto* text : {"",
                             "127.0.0.1:3000",
                             "ftp://h",
                             "http:/h",
                             "http://",
                             "http://:80",
                             "http://h:0",
                             "http://h:",
                             "http://h:65536",
                             "http://h:99999999999999999999",
                             "http://u@h",
                             "http://u:p@h",
                             "http://h/a",
                             "http://h//",
                             "http://h?q",
                             "http://h#f",
                             "http://h%41",
                             "http://a..b",
                             "http://1.2.3",
                             "http://[::1%25lo]",
                             "http://[v1.a]",
                             "http://h h",
                             "http://h\r\n",
                             "http://-h"}) {
        BOOST_TEST(!parse_url(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(blocks) {
    const auto v4 = parse_cidr("10.0.0.0/8").value();
    BOOST_TEST(v4.address().is_v4());
    BOOST_TEST(v4.prefix_length() == 8U);
    BOOST_TEST(v4.address().to_string() == "10.0.0.0");
    BOOST_TEST(parse_cidr("192.168.1.7").value().prefix_length() == 32U);
    const auto v6 = parse_cidr("fd00::/8").value();
    BOOST_TEST(v6.address().is_v6());
    BOOST_TEST(v6.address().to_string() == "fd00::");
    BOOST_TEST(parse_cidr("::1").value().prefix_length() == 128U);
    BOOST_TEST(parse_cidr("0.0.0.0/0").value().prefix_length() == 0U);
    for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "fd00::1/64", "::/129", "host/8",
                             "10/8", "10.0.0.0/8/8", "10.0.0.0/-1"}) {
        BOOST_TEST(!parse_cidr(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(collisions) {
    const auto both = [](const char* a, const char* b) {
        return collide(parse_endpoint(a).value(), parse_endpoint(b).value()) &&
               collide(parse_endpoint(b).value(), parse_endpoint(a).value());
    };
    BOOST_TEST(both("127.0.0.1:80", "127.0.0.1:80"));
    BOOST_TEST(both("0.0.0.0:80", "127.0.0.1:80"));
    BOOST_TEST(both("[::]:80", "[::1]:80"));
    BOOST_TEST(both("[::]:80", "127.0.0.1:80"));
    BOOST_TEST(!both("0.0.0.0:80", "[::1]:80"));
    BOOST_TEST(!both("127.0.0.1:80", "127.0.0.2:80"));
    BOOST_TEST(!both("127.0.0.1:80", "127.0.0.1:81"));
    BOOST_TEST(!both("0.0.0.0:0", "0.0.0.0:0"));
    const auto loops = [](const char* u, const char* e) {
        return leads_to(parse_url(u).value(), parse_endpoint(e).value());
    };
    BOOST_TEST(loops("http://localhost:80", "0.0.0.0:80"));
    BOOST_TEST(loops("http://127.0.0.1:80", "0.0.0.0:80"));
    BOOST_TEST(loops("http://10.0.0.1:80", "10.0.0.1:80"));
    BOOST_TEST(!loops("http://10.0.0.1:80", "127.0.0.1:80"));
    BOOST_TEST(!loops("http://localhost:80", "10.0.0.1:80"));
    BOOST_TEST(!loops("http://app:80", "0.0.0.0:80"));
    BOOST_TEST(loops("http://a.localhost.:80", "[::1]:80"));
    BOOST_TEST(loops("http://0.0.0.0:80", "127.0.0.1:80"));
    BOOST_TEST(loops("http://0.0.0.0:80", "[::]:80"));
    BOOST_TEST(loops("http://[::]:80", "[::1]:80"));
    BOOST_TEST(loops("http://127.1.2.3:80", "0.0.0.0:80"));
    BOOST_TEST(loops("http://[::ffff:127.0.0.1]:80", "0.0.0.0:80"));
    BOOST_TEST(loops("http://127.0.0.1:80", "[::ffff:127.0.0.1]:80"));
    BOOST_TEST(!loops("http://0.0.0.0:80", "127.0.0.2:80"));
    BOOST_TEST(!loops("http://[::]:80", "0.0.0.0:80"));
    BOOST_TEST(!loops("http://[::1]:80", "0.0.0.0:80"));
    const std::vector<std::string> own{"10.0.0.5", "fd00::5"};
    const auto leads = [&own](const char* u, const char* e) {
        return leads_to(parse_url(u).value(), parse_endpoint(e).value(), own);
    };
    BOOST_TEST(leads("http://10.0.0.5:80", "0.0.0.0:80"));
    BOOST_TEST(leads("http://[::ffff:10.0.0.5]:80", "[::]:80"));
    BOOST_TEST(leads("http://[fd00::5]:80", "[::]:80"));
    BOOST_TEST(!leads("http://[fd00::5]:80", "0.0.0.0:80"));
    BOOST_TEST(!leads("http://10.0.0.6:80", "0.0.0.0:80"));
    BOOST_TEST(!leads("http://10.0.0.5:80", "127.0.0.1:80"));
    BOOST_TEST(!leads("http://10.0.0.5:80", "0.0.0.0:81"));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A directory that stands for `/` and goes away with the test.
struct fake_root {
    std::filesystem::path path;

    fake_root() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-config-XXXXXX").string();
        BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~fake_root() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    void put(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((path / file).parent_path());
        std::ofstream(path / file) << text;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(no_cgroup_is_no_quota) {
    const fake_root root;
    BOOST_TEST(quota_cpus(root.path) == 0U);
    BOOST_TEST(automatic_workers(root.path) >= 1U);
}

BOOST_AUTO_TEST_CASE(cgroup_v2) {
    const fake_root root;
    root.put("proc/self/cgroup", "0::/pod/container\n");
    root.put("sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
    BOOST_TEST(quota_cpus(root.path) == 0U);
    root.put("sys/fs/cgroup/pod/container/cpu.max", "250000 100000\n");
    BOOST_TEST(quota_cpus(root.path) == 3U);
    root.put("sys/fs/cgroup/pod/cpu.max", "50000 100000\n");
    BOOST_TEST(quota_cpus(root.path) == 1U);
    BOOST_TEST(automatic_workers(root.path) == 1U);
    // In a namespace of its own the group is the mount's root.
    const fake_root inner;
    inner.put("proc/self/cgroup", "0::/\n");
    inner.put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    BOOST_TEST(quota_cpus(inner.path) == 2U);
}

BOOST_AUTO_TEST_CASE(cgroup_v1) {
    const fake_root root;
    root.put("proc/self/cgroup", "12:memory:/x\n4:cpu,cpuacct:/pod\n1:cpuset:/y\n");
    root.put("sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "-1\n");
    root.put("sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us", "100000\n");
    BOOST_TEST(quota_cpus(root.path) == 0U);
    root.put("sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "150000\n");
    BOOST_TEST(quota_cpus(root.path) == 2U);
}

BOOST_AUTO_TEST_CASE(nonsense_is_no_quota) {
    const fake_root root;
    root.put("proc/self/cgroup", "nonsense\n0::/../..\n:\n");
    root.put("sys/fs/cgroup/cpu.max", "9223372036854775807 0\n");
    BOOST_TEST(quota_cpus(root.path) == 0U);
    root.put("sys/fs/cgroup/cpu.max", "-5 100000\n");
    BOOST_TEST(quota_cpus(root.path) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
