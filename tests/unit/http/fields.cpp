#include <sluice/http/fields.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace sluice::http;

namespace {

std::vector<std::string> members(std::string_view list) {
    std::vector<std::string> out;
    while (const auto member = next_list_member(list))
        out.emplace_back(*member);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fields)

BOOST_AUTO_TEST_CASE(lists) {
    using list = std::vector<std::string>;
    BOOST_TEST(members("") == list{}, boost::test_tools::per_element());
    BOOST_TEST(members(" , ,\t,") == list{}, boost::test_tools::per_element());
    BOOST_TEST(members("a") == list{"a"}, boost::test_tools::per_element());
    BOOST_TEST(members(",a ,, b c,") == (list{"a", "b c"}), boost::test_tools::per_element());
    BOOST_TEST(members("\"a,b\",c") == (list{"\"a,b\"", "c"}), boost::test_tools::per_element());
    BOOST_TEST(members("\"a\\\",b\",c") == (list{"\"a\\\",b\"", "c"}), boost::test_tools::per_element());
    BOOST_TEST(members("a,\"open,b") == (list{"a", "\"open,b"}), boost::test_tools::per_element());
    BOOST_TEST(members("\"\\") == list{"\"\\"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(look_ups) {
    const field_list list{{{"Accept", "a"}, {"X", "close"}, {"ACCEPT", "b , C"}}};
    BOOST_TEST(list.count("accept") == 2U);
    BOOST_TEST(list.count("acc") == 0U);
    BOOST_TEST(list.value("accept") == "a");
    BOOST_TEST(list.value("none").empty());
    BOOST_TEST(list.find("none") == nullptr);
    BOOST_TEST(list.has_token("Accept", "c"));
    BOOST_TEST(!list.has_token("Accept", "close"));
    BOOST_TEST(!same_name("a-b", "a_b"));
    BOOST_TEST(same_name_folded("a-B", "A_b"));
    BOOST_TEST(!same_name_folded("a-b", "a-bc"));
    BOOST_TEST(!same_name("@", "`")); // only letters have a case
}

BOOST_AUTO_TEST_CASE(syntax) {
    BOOST_TEST(is_token("X-a_1!#$%&'*+.^`|~"));
    for (const std::string_view bad : {"", "a b", "a:", "a\t", "(a)", "a\x80", "a/b", "a\"", "\x7f"})
        BOOST_TEST(!is_token(bad), bad);
    BOOST_TEST(is_field_value(""));
    BOOST_TEST(is_field_value("a\tb \xff"));
    for (const char c : {'\r', '\n', '\0', '\x01', '\x1f', '\x7f'})
        BOOST_TEST(!is_field_value(std::string("a") + c), int{c});
    BOOST_TEST(trim_ows(" \ta b\t ") == "a b");
    BOOST_TEST(trim_ows(" \t").empty());
}

BOOST_AUTO_TEST_CASE(owned) {
    for (const std::string_view name :
         {"Forwarded", "x-forwarded-for", "X_Forwarded-For", "x_forwarded_proto", "X-Forwarded-Host",
          "X-Forwarded-Port", "X-REAL-IP", "x_real_ip", "X-Original-URI", "X_Original_Method"})
        BOOST_TEST(is_owned_name(name), name);
    for (const std::string_view name : {"", "X-Forwarded", "X-Forwarded-Fo", "Host", "X--Real-IP", "X-Accel-Redirect"})
        BOOST_TEST(!is_owned_name(name), name);
    const std::vector<std::string> more{"X-Accel-Redirect"};
    BOOST_TEST(is_owned_name("x_accel_redirect", more));
    BOOST_TEST(owned_names().size() == 8U);
}

BOOST_AUTO_TEST_CASE(hop_by_hop_fields) {
    const field_list list{{{"Connection", "close, X-Hop , Host,cookie,AUTHORIZATION,Content-Length"},
                           {"connection", "X-Forwarded-For, x_real_ip, X-Object, X-User,Accept"}}};
    const std::vector<std::string> kept{"X-Object", "X-User"};
    const hop_by_hop hop(list, kept);
    for (const std::string_view name :
         {"Connection", "keep-alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Transfer_Encoding", "Upgrade",
          "Trailer", "HTTP2-Settings", "X-Hop", "x-hop", "Accept", "Content_Length"})
        BOOST_TEST(hop.strips(name), name);
    for (const std::string_view name : {"Host", "Cookie", "Authorization", "Content-Length", "X-Forwarded-For",
                                        "X-Real-IP", "X-Object", "X-User", "close", "X-Other", "Content-Type"})
        BOOST_TEST(!hop.strips(name), name);
}

BOOST_AUTO_TEST_CASE(very_many_nominated_fields) {
    std::string options;
    for (int i = 0; i < 30000; ++i) {
        options += "x-" + std::to_string((i * 7919) % 30011) + ", ";
    }
    const hop_by_hop hop(field_list{{{"Connection", options}, {"Connection", "aB, Ab"}}});
    BOOST_TEST(hop.strips("X-0"));
    BOOST_TEST(hop.strips("X-7919"));
    BOOST_TEST(hop.strips("ab"));
    BOOST_TEST(!hop.strips("x-30011"));
    BOOST_TEST(!hop.strips("a"));
    BOOST_TEST(!hop.strips("zz"));
}

BOOST_AUTO_TEST_CASE(append) {
    std::string out;
    BOOST_TEST(append_field(out, "A", "b"));
    BOOST_TEST(append_field(out, "Empty", ""));
    BOOST_TEST(out == "A: b\r\nEmpty: \r\n");
    BOOST_TEST(!append_field(out, "A", "b\r\nSet-Cookie: x"));
    BOOST_TEST(!append_field(out, "A", "b\n"));
    BOOST_TEST(!append_field(out, "A", std::string_view("b\0", 2)));
    BOOST_TEST(!append_field(out, "A:", "b"));
    BOOST_TEST(!append_field(out, "", "b"));
    BOOST_TEST(out == "A: b\r\nEmpty: \r\n");
}

BOOST_AUTO_TEST_CASE(redaction) {
    BOOST_TEST(path_without_query("/a/b?token=x") == "/a/b");
    BOOST_TEST(path_without_query("/a#x?y") == "/a");
    BOOST_TEST(path_without_query("/") == "/");
    BOOST_TEST(path_without_query("*") == "*");
    BOOST_TEST(path_without_query("http://u:p@h/x?y") == "/x");
    BOOST_TEST(path_without_query("http://u:p@h").empty());
    BOOST_TEST(path_without_query("u:p@h:80").empty());
    BOOST_TEST(path_without_query("/x@y://z") == "/x@y://z");
}

BOOST_AUTO_TEST_CASE(members_of_lists) {
    BOOST_TEST(list_contains("no-cache, No-Transform", "no-transform"));
    BOOST_TEST(list_contains(" , no-transform ,", "no-transform"));
    BOOST_TEST(!list_contains("no-transformation", "no-transform"));
    BOOST_TEST(!list_contains("x=\"a, no-transform\"", "no-transform"));
    BOOST_TEST(!list_contains("", "no-transform"));
}

BOOST_AUTO_TEST_SUITE_END()
