// What Open WebUI's own requests change beyond the file that they name.
#include <sluice/presets/open_webui_changes.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace sluice::presets::open_webui;

constexpr const char* id = "0f8fad5b-d9cb-469f-a165-70867728950e";

} // namespace

BOOST_AUTO_TEST_SUITE(open_webui_changes)

BOOST_AUTO_TEST_CASE(whom_a_change_reaches) {
    const std::vector<std::tuple<const char*, const char*, decision_scope>> table{
        {"POST", "/api/v1/files", decision_scope::none},
        {"DELETE", "/api/v1/files/all", decision_scope::all},
        {"POST", "/api/v1/files/17/rename", decision_scope::none},
        {"DELETE", "/api/v1/files/17", decision_scope::none},
        {"POST", "/api/v1/knowledge/create", decision_scope::all},
        {"POST", "/api/v1/knowledge", decision_scope::all},
        {"POST", "/api/v1/channels/3/update/members/remove", decision_scope::all},
        {"POST", "/api/v1/users/3/update", decision_scope::all},
        {"DELETE", "/api/v1/groups/id/3/delete", decision_scope::all},
        {"POST", "/api/v1/models/create", decision_scope::all},
        {"POST", "/api/v1/notes/3/access/update", decision_scope::all},
        {"DELETE", "/api/v1/folders/3", decision_scope::all},
        {"PATCH", "/api/v1/scim/v2/Users/3", decision_scope::all},
        {"POST", "/api/v1/auths/signin", decision_scope::caller},
        {"POST", "/api/v1/auths/signup", decision_scope::caller},
        {"POST", "/api/v1/auths/signout", decision_scope::caller},
        {"POST", "/api/v1/auths/ldap", decision_scope::caller},
        {"POST", "/api/v1/auths/oauth/google/token/exchange", decision_scope::caller},
        {"DELETE", "/api/v1/auths/oauth/sessions/google", decision_scope::all},
        {"POST", "/api/v1/auths/update/password", decision_scope::all},
        {"POST", "/api/v1/auths/add", decision_scope::all},
        {"POST", "/api/v1/chats/3/share", decision_scope::all},
        {"DELETE", "/api/v1/chats/3/share", decision_scope::all},
        {"DELETE", "/api/v1/chats/share/all", decision_scope::all},
        {"POST", "/api/v1/chats/shared/3/access/update", decision_scope::all},
        {"POST", "/api/v1/chats/3/folder", decision_scope::all},
        {"DELETE", "/api/v1/chats/3", decision_scope::all},
        {"DELETE", "/api/v1/chats", decision_scope::all},
        {"DELETE", "/api/v1/chats/3/messages/4", decision_scope::none},
        {"POST", "/api/v1/chats/3", decision_scope::none},
        {"POST", "/api/v1/chats/new", decision_scope::none},
        {"POST", "/api/chat/completions", decision_scope::none},
        {"POST", "/api/v1/filesystem", decision_scope::none},
        {"POST", "/api/v1", decision_scope::none},
        {"POST", "/", decision_scope::none},
    };
    for (const auto& [method, path, expected] : table) {
        BOOST_TEST((scope_of(method, path) == expected), method << " " << path);
    }
}

BOOST_AUTO_TEST_CASE(files_that_the_content_names) {
    using names = std::vector<std::string>;
    const auto one = std::string(R"({"file_id":")") + id + R"("})";
    const names found{std::string("/api/v1/files/") + id};
    BOOST_TEST(named_files(one) == found);
    BOOST_TEST(named_files(std::string(R"({"file_ids":[")") + id + R"(",7,"x",null],"dir_ids":["y"]})") == found);
    const std::string deep(200, '[');
    for (const auto& other : {std::string(), std::string("null"), std::string("[]"), std::string("{"), deep,
                              std::string(R"({"file_id":7})"), std::string(R"({"file_id":"../all"})"),
                              std::string(R"({"file_id":{"file_id":")") + id + R"("}})",
                              std::string(R"({"file_ids":")") + id + R"("})", one + "x"}) {
        BOOST_TEST(named_files(other).empty(), other);
    }
    BOOST_TEST(content_names_files("/api/v1/knowledge/k/file/remove"));
    BOOST_TEST(content_names_files("/api/v1/knowledge/k/sync/cleanup"));
    BOOST_TEST(!content_names_files("/api/v1/knowledge/k/file/add"));
    BOOST_TEST(!content_names_files("/api/v1/files/k/file/remove"));
}

BOOST_AUTO_TEST_SUITE_END()
