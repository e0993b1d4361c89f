#include <sluice/authorize/json_pointers.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using authorize::json_pointer_reader;
using kind = json_pointer_reader::kind;

const std::vector<std::string> the_pointers{"/path", "/meta/content_type", "/meta/name", "/filename"};

std::string name_of(kind k) {
    switch (k) {
    case kind::absent:
        return "absent";
    case kind::null:
        return "null";
    case kind::string:
        return "string";
    case kind::number:
        return "number";
    case kind::other:
        return "other";
    }
    return "";
}

/// What one reader says of `text`, given as two pieces: each value in brackets or its kind; or the error's name.
std::string read(std::string_view text, std::size_t split, const std::vector<std::string>& pointers) {
    json_pointer_reader r(pointers);
    for (const auto piece : {text.substr(0, split), text.substr(split)}) {
        if (const auto fed = r.feed(piece); !fed) {
            return std::string(to_string(fed.error().code));
        }
    }
    if (const auto end = r.finish(); !end) {
        return std::string(to_string(end.error().code));
    }
    std::string all;
    for (std::size_t i = 0; i < pointers.size(); ++i) {
        const auto& value = r.value(i);
        BOOST_TEST((r.kind_of(i) == kind::string) == value.has_value());
        all += all.empty() ? "" : " ";
        all += value ? "[" + *value + "]" : name_of(r.kind_of(i));
    }
    return all;
}

/// That a text says the same however it is split.
void says(std::string_view text, std::string_view expected, const std::vector<std::string>& pointers = the_pointers) {
    for (std::size_t split = 0; split <= text.size(); ++split) {
        const auto got = read(text, split, pointers);
        if (got != expected) {
            BOOST_ERROR("split at " << split << " of " << text << ": " << got << ", not " << expected);
            return;
        }
    }
    BOOST_TEST(true);
}

void says_one(std::string_view text, std::string_view expected, const std::string& pointer = "/path") {
    says(text, expected, {pointer});
}

const std::string open_webui = R"({"id":"1","user_id":"u","hash":null,"filename":"a.mp4","path":"s3://b/p/u_a.mp4",
 "data":{"status":"completed","content":"text"},
 "meta":{"name":"A \u00e9 \ud83d\ude00.mp4","content_type":"video/mp4","size":123,"file_hash":"","data":{}},
 "created_at":0,"updated_at":-1.5e3,"ok":[true,false,null,[],{}]})";

} // namespace

BOOST_AUTO_TEST_SUITE(json_pointers)

BOOST_AUTO_TEST_CASE(an_answer_of_open_webui) {
    says(open_webui, "[s3://b/p/u_a.mp4] [video/mp4] [A \xc3\xa9 \xf0\x9f\x98\x80.mp4] [a.mp4]");
}

BOOST_AUTO_TEST_CASE(only_the_exact_place_counts) {
    // What callers may put into `data` and `meta.data`, before and after the app's own words.
    says(R"({"data":{"path":"evil","meta":{"name":"evil"}},"meta":{"data":{"path":"evil","name":"evil"},"path":"evil",)"
         R"("name":"n"},"path":"good","x":[{"path":"evil"}],"meta/name":"evil"})",
         "[good] absent [n] absent");
    says(R"([{"path":"evil"}])", "absent absent absent absent");
    says(R"({"data":{"path":"evil"}})", "absent absent absent absent");
    says(R"({"data":"{\"path\":\"evil\"}"})", "absent absent absent absent");
    says(R"({"Path":"a","path ":"b","pat":"c","paths":"d"})", "absent absent absent absent");
    says(R"("path")", "absent absent absent absent");
    says("12", "absent absent absent absent");
}

BOOST_AUTO_TEST_CASE(numbers_as_they_stand_there) {
    for (const std::string value : {"0", "7", "-12", "1.50", "1e3", "18446744073709551616", "1704164645123"}) {
        for (const auto& text : {"{\"a\":[1,22],\"path\":" + value + "}", "{\"path\":" + value + ",\"b\":33}"}) {
            for (std::size_t split = 0; split <= text.size(); ++split) {
                json_pointer_reader r({"/path"});
                BOOST_TEST_REQUIRE(r.feed(text.substr(0, split)).has_value());
                BOOST_TEST_REQUIRE(r.feed(text.substr(split)).has_value());
                BOOST_TEST_REQUIRE(r.finish().has_value());
                BOOST_TEST(r.text(0).value_or("none") == value, text << " split at " << split);
                BOOST_TEST(!r.value(0).has_value()); // no string
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(kinds) {
    says_one(R"({"path":null})", "null");
    for (const auto* value : {"true", "false", "{}", "[]", "{\"a\":\"b\"}", "[\"a\"]"}) {
        says_one("{\"path\":" + std::string(value) + "}", "other");
    }
    for (const auto* value : {"1", "-1", "1.5", "1e400", "18446744073709551616"}) {
        says_one("{\"path\":" + std::string(value) + "}", "number");
    }
    says_one("{\"path\":" + std::string(65, '1') + "}", "other");
    says_one(R"({"path":""})", "[]");
    says_one("{}", "absent");
    says_one(R"( { "path" : "a" } )", "[a]");
    says_one("\r\n\t{\"path\":\"a\"}\r\n\t ", "[a]");
    // A container on the way that is none.
    says_one(R"({"meta":"name"})", "absent", "/meta/name");
    says_one(R"({"meta":null})", "absent", "/meta/name");
    says_one(R"({"meta":["name"]})", "absent", "/meta/name");
}

BOOST_AUTO_TEST_CASE(escapes) {
    says_one(R"({"\u0070ath":"\"\\\/\b\f\n\r\t\u0041\u00fc\u20ac\ud83d\ude00"})",
             "[\"\\/\b\f\n\r\tA\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80]");
    json_pointer_reader nul({"/path"});
    BOOST_REQUIRE(nul.feed(R"({"path":"a\u0000b"})").has_value());
    BOOST_REQUIRE(nul.finish().has_value());
    BOOST_TEST((nul.value(0) == std::string("a\0b", 3)));
    says_one(R"({"path":"\ud83d"})", "protocol_error"); // half a surrogate pair
    says_one(R"({"path":"\ud83d\u0041"})", "protocol_error");
    says_one(R"({"path":"\ude00"})", "protocol_error");
    says_one(R"({"path":"\x41"})", "protocol_error");
    says_one(R"({"path":"\u12g4"})", "protocol_error");
}

BOOST_AUTO_TEST_CASE(tokens_of_pointers) {
    says_one(R"({"a/b":"x"})", "[x]", "/a~1b");
    says_one(R"({"a~b":"x"})", "[x]", "/a~0b");
    says_one(R"({"~1":"x","/":"y"})", "[x]", "/~01");
    says_one(R"({"":{"":"x"}})", "[x]", "//");
    says_one(R"({"a":["x","y",{"b":["z"]}]})", "[y]", "/a/1");
    says_one(R"({"a":["x","y",{"b":["z"]}]})", "[z]", "/a/2/b/0");
    says_one(R"({"a":["x","y"]})", "absent", "/a/2");
    says_one(R"({"a":["x","y"]})", "absent", "/a/01"); // RFC 6901 §4: no leading zeros
    says_one(R"({"a":["x","y"]})", "absent", "/a/-");
    says_one(R"({"a":{"0":"x"}})", "[x]", "/a/0");
    says_one(R"(["x","y"])", "[y]", "/1");
    says_one(R"([["a"],["b","c"]])", "[c]", "/1/1");
    says_one(R"([{"k":1},{"k":"v"}])", "[v]", "/1/k");
    says_one(R"({"path":"a"})", "absent", ""); // no pointer of ours
    says(R"({"a":"x"})", "[x] [x] absent", {"/a", "/a", "/a/b"});
    says(R"({"a":{"b":"x"}})", "other [x]", {"/a", "/a/b"});
}

BOOST_AUTO_TEST_CASE(duplicates) {
    says_one(R"({"path":"a","path":"b"})", "protocol_error");
    says_one(R"({"path":"a","x":1,"path":null})", "protocol_error");
    says_one(R"({"path":"a","\u0070ath":"b"})", "protocol_error");
    // On the way to a wanted place too: which of the two would count?
    says_one(R"({"meta":{"name":"a"},"meta":{}})", "protocol_error", "/meta/name");
    says_one(R"({"meta":{},"meta":{"name":"a"}})", "protocol_error", "/meta/name");
    says_one(R"({"meta":1,"meta":{"name":"a"}})", "protocol_error", "/meta/name");
    says_one(R"({"a":[{"b":"x"}],"a":[]})", "protocol_error", "/a/0/b");
    // Elsewhere they are nobody's business.
    says_one(R"({"x":1,"x":2,"data":{"path":1,"path":2},"path":"a"})", "[a]");
}

BOOST_AUTO_TEST_CASE(what_is_no_json) {
    for (const std::string text : {"",
                                   " ",
                                   "{",
                                   "{\"path\"",
                                   "{\"path\":",
                                   "{\"path\":\"a\"",
                                   "{\"path\":\"a",
                                   "{\"path\":\"a\",}",
                                   "{path:1}",
                                   "{'path':1}",
                                   "[1,]",
                                   "[1",
                                   "nul",
                                   "01",
                                   "+1",
                                   ".5",
                                   "1.",
                                   "-",
                                   "NaN",
                                   "{\"path\":\"a\"}x",
                                   "{} {}",
                                   "{}{}",
                                   "\"a\" \"b\"",
                                   "1 2",

                                   "// c\n{}",
                                   "{\"path\":\"a\nb\"}",
                                   "<html></html>",
                                   "{\"path\":\"\xff\"}",
                                   "{\"path\":\"\xc0\xaf\"}",
                                   "{\"path\":\"\xed\xa0\x80\"}",
                                   "{\"x\":\"\xe2\x82\"}",
                                   "\xef\xbb\xbf{}"}) {
        says_one(text, "protocol_error");
    }
    says_one(std::string("{\"path\":\"a\"}\0", 13), "protocol_error");
}

BOOST_AUTO_TEST_CASE(depth) {
    const auto nested = [](std::size_t n) {
        return "{\"path\":\"a\",\"x\":" + std::string(n, '[') + std::string(n, ']') + "}";
    };
    BOOST_TEST(read(nested(60), 5, {"/path"}) == "[a]");
    BOOST_TEST(read(nested(65), 5, {"/path"}) == "protocol_error");
    BOOST_TEST(read(std::string(1000000, '['), 5, {"/path"}) == "protocol_error");
}

BOOST_AUTO_TEST_CASE(caps) {
    const auto value = [](std::size_t n) { return "{\"path\":\"" + std::string(n, 'v') + "\"}"; };
    BOOST_TEST(read(value(16 * 1024), 100, {"/path"}) == "[" + std::string(16 * 1024, 'v') + "]");
    BOOST_TEST(read(value(16 * 1024 + 1), 100, {"/path"}) == "too_large");
    // What is not wanted may be long: keys too, and one that begins as a wanted key does.
    BOOST_TEST(read("{\"x\":\"" + std::string(100000, 'v') + "\",\"path\":\"a\"}", 50000, {"/path"}) == "[a]");
    BOOST_TEST(read("{\"path" + std::string(100000, 'k') + "\":\"x\",\"path\":\"a\"}", 50000, {"/path"}) == "[a]");
    json_pointer_reader exact({"/path"}, 12);
    BOOST_TEST(exact.feed("{\"path\":\"a\"}").has_value());
    BOOST_TEST(exact.finish().has_value());
    json_pointer_reader over({"/path"}, 12);
    BOOST_TEST(over.feed("{\"path\":\"a\"").has_value());
    const auto fed = over.feed("  ");
    BOOST_REQUIRE(fed.has_error());
    BOOST_TEST((fed.error().code == errc::too_large));
    BOOST_TEST((fed.error().source == error_source::app));
}

BOOST_AUTO_TEST_CASE(the_hostile_file) {
    // 20 MB of a caller's text in `data.content`, and another user's object in `meta.data.path`.
    const std::string start =
        R"({"path":"s3://b/mine","meta":{"name":"n","data":{"path":"s3://b/theirs"}},"data":{"content":")";
    const std::string end = R"("},"filename":"f"})";
    const std::string piece(64 * 1024, 'x');
    for (const std::size_t pieces : {100UL, 320UL, 4096UL}) { // 6.25, 20 and 256 MiB
        json_pointer_reader r(the_pointers);
        BOOST_TEST(r.feed(start).has_value());
        bool ok = true;
        for (std::size_t i = 0; ok && i < pieces; ++i) {
            ok = r.feed(piece).has_value();
        }
        BOOST_TEST(ok == (pieces < 4096));
        BOOST_TEST(r.feed(end).has_value() == ok);
        BOOST_TEST(r.finish().has_value() == ok);
        BOOST_TEST((r.value(0) == (ok ? std::optional<std::string>("s3://b/mine") : std::nullopt)));
        BOOST_TEST((r.kind_of(3) == (ok ? kind::string : kind::absent)));
    }
}

BOOST_AUTO_TEST_CASE(nothing_before_the_end_and_after_an_error) {
    json_pointer_reader r({"/path"});
    BOOST_TEST(r.feed("{\"path\":\"a\"}").has_value());
    BOOST_TEST((r.kind_of(0) == kind::absent));
    BOOST_TEST(!r.value(0).has_value());
    BOOST_TEST(r.finish().has_value());
    BOOST_TEST((r.value(0) == "a"));
    BOOST_TEST((r.kind_of(1) == kind::absent)); // no such pointer
    json_pointer_reader bad({"/path"});
    BOOST_TEST(bad.feed("{\"path\":\"a\"").has_value());
    BOOST_TEST(bad.feed("x").has_error());
    BOOST_TEST(bad.feed("}").has_error());
    BOOST_TEST(bad.finish().has_error());
    BOOST_TEST(!bad.value(0).has_value());
    BOOST_TEST(r.finish().has_value());
    json_pointer_reader moved = std::move(r);
    BOOST_TEST((moved.value(0) == "a"));
    BOOST_TEST(moved.feed("{\"path\":\"b\"}").has_error());
    BOOST_TEST(!moved.value(0).has_value());
}

BOOST_AUTO_TEST_CASE(byte_by_byte) {
    json_pointer_reader r(the_pointers);
    for (const char c : open_webui) {
        BOOST_REQUIRE(r.feed({&c, 1}).has_value());
        BOOST_REQUIRE(r.feed({}).has_value());
    }
    BOOST_REQUIRE(r.finish().has_value());
    BOOST_TEST((r.value(0) == "s3://b/p/u_a.mp4"));
}

BOOST_AUTO_TEST_SUITE_END()
