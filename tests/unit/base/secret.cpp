#include <sluice/base/secret.hpp>

#include <boost/test/unit_test.hpp>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ostr.h>

#include <algorithm>
#include <array>
#include <new>
#include <ostream>
#include <type_traits>

using namespace sluice;

namespace {

template <class T>
concept streams = requires(std::ostream& out, const T& value) {
    out << value;
};

// Nothing prints it, and nothing turns it into text by itself.
static_assert(!streams<secret> && streams<std::string_view>);
static_assert(!fmt::is_formattable<secret>::value);
static_assert(!std::is_convertible_v<secret, std::string> && !std::is_convertible_v<secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, secret>);
static_assert(!std::is_convertible_v<const char*, secret>); // nor does text become one unseen

constexpr std::string_view short_text = "hunter2";
constexpr std::string_view long_text = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY-and-more";

/// Whether any run of four characters of `text` stands in these bytes.
bool holds(std::string_view bytes, std::string_view text) {
    for (std::size_t at = 0; at + 4 <= text.size(); ++at) {
        if (bytes.find(text.substr(at, 4)) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

/// The bytes that a secret itself takes; a short text lies in them.
struct room {
    alignas(secret) std::array<char, sizeof(secret)> bytes{};
    [[nodiscard]] std::string_view view() const { return {bytes.data(), bytes.size()}; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(secrets)

BOOST_AUTO_TEST_CASE(gives_its_text_when_asked) {
    BOOST_TEST(secret().empty());
    const secret s{short_text};
    BOOST_TEST(s.reveal() == short_text);
    const secret copy = s; // NOLINT: a copy is what is tested
    BOOST_TEST(copy.reveal() == short_text);
    BOOST_TEST(s.reveal() == short_text);
    const secret binary{std::string_view("a\0b", 3)};
    BOOST_TEST(binary.reveal().size() == 3U);
}

BOOST_AUTO_TEST_CASE(its_end_wipes) {
    room r;
    auto* s = new (r.bytes.data()) secret(short_text);
    BOOST_TEST(holds(r.view(), short_text)); // else this test would show nothing
    s->~secret();
    BOOST_TEST(!holds(r.view(), short_text));
}

BOOST_AUTO_TEST_CASE(moving_leaves_nothing_behind) {
    for (const auto text : {short_text, long_text}) {
        room r;
        auto* from = new (r.bytes.data()) secret(text);
        const auto old = from->reveal();
        secret to = std::move(*from);
        BOOST_TEST(to.reveal() == text);
        BOOST_TEST(from->empty());
        // The source keeps its buffer, so that its bytes can be looked at.
        BOOST_TEST(!holds({old.data(), old.size()}, text));
        BOOST_TEST(!holds(r.view(), text));
        secret third;
        third = std::move(to);
        BOOST_TEST(third.reveal() == text);
        from->~secret();
    }
}

BOOST_AUTO_TEST_CASE(assigning_wipes_what_was_there) {
    secret s{long_text};
    const auto old = s.reveal();
    s = secret("x"); // into the same buffer
    BOOST_TEST(s.reveal() == "x");
    BOOST_TEST_REQUIRE(s.reveal().data() == old.data());
    BOOST_TEST(!holds({old.data() + 1, old.size() - 1}, long_text));
    const secret other{short_text};
    s = other;
    BOOST_TEST(s.reveal() == short_text);
    BOOST_TEST(other.reveal() == short_text);
    auto& self = s;
    s = self;
    BOOST_TEST(s.reveal() == short_text);
    s = std::move(self);
    BOOST_TEST(s.reveal() == short_text);
}

BOOST_AUTO_TEST_CASE(text_that_grows_leaves_nothing_behind) {
    std::string plain(long_text);
    const char* const old = plain.data();
    wiped_text text(std::move(plain));
    BOOST_TEST(text.text.data() == old); // taken over
    BOOST_TEST(holds({text.text.data(), text.text.size()}, long_text));
    text.reserve(10);
    BOOST_TEST(text.text.data() == old);
    for (int i = 0; i != 100; ++i) {
        text.append("/").append(long_text);
    }
    BOOST_TEST(text.text.size() == 100 * (long_text.size() + 1) + long_text.size());
    BOOST_TEST(text.text.starts_with(std::string(long_text) + "/" + std::string(long_text)));

    wiped_text last(std::string(64, 's'));
    const std::string_view whole = last.text;
    last.text.resize(2);
    wipe(last.text); // what was cut off as well; the buffer is kept
    BOOST_TEST(last.text.empty());
    BOOST_TEST(!holds({whole.data(), whole.size()}, "ssss"));
}

BOOST_AUTO_TEST_CASE(short_texts_are_wiped_where_they_were) {
    room r;
    static_assert(sizeof(wiped_text) <= sizeof(room));
    auto* text = new (r.bytes.data()) wiped_text(std::string(short_text));
    BOOST_TEST(holds(r.view(), short_text));
    text->append(long_text); // moves away
    BOOST_TEST(!holds(r.view(), short_text));
    text->~wiped_text();
}

BOOST_AUTO_TEST_SUITE_END()
