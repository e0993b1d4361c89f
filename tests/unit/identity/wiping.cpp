// That no copy of a secret is left in memory that is given back: every block of it is searched as it goes.
#include <sluice/base/secret_json.hpp>
#include <sluice/identity/azure_token.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/google_http.hpp>
#include <sluice/identity/small_file.hpp>
#include <sluice/identity/told.hpp>

#include <boost/test/unit_test.hpp>

#include "scripted_caller.hpp"
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr std::string_view mark = "WIPE.ME.0123456789";
std::atomic<bool> looking{false};
std::atomic<int> left{0};

void give_back(void* memory) noexcept {
    if (memory != nullptr && looking) {
        const std::string_view bytes(static_cast<const char*>(memory), ::malloc_usable_size(memory));
        left += bytes.find(mark) == std::string_view::npos ? 0 : 1;
    }
    std::free(memory);
}

/// Blank, so that what an earlier owner left is not found.
void* blank(std::size_t size, std::size_t align) noexcept {
    const std::size_t whole = (size + align) / align * align;
    void* const memory = std::aligned_alloc(align, whole);
    return memory == nullptr ? nullptr : std::memset(memory, 0, whole);
}

} // namespace

void* operator new(std::size_t size) {
    void* const memory = blank(size, alignof(std::max_align_t));
    return memory == nullptr ? throw std::bad_alloc() : memory;
}
void* operator new(std::size_t size, std::align_val_t align) {
    void* const memory = blank(size, std::max(static_cast<std::size_t>(align), alignof(std::max_align_t)));
    return memory == nullptr ? throw std::bad_alloc() : memory;
}
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
    return blank(size, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, const std::nothrow_t& /*nothrow*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::align_val_t /*align*/) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*align*/) noexcept {
    give_back(memory);
}

namespace sluice::identity::test {
namespace {

/// How many blocks with the mark `act` gives back.
template <class F>
int blocks_left_by(F act) {
    left = 0;
    looking = true;
    act();
    looking = false;
    return left;
}

/// Longer than what strings and parsers hold in themselves.
const std::string hush = std::string(mark) + "/" + std::string(5000, 'x') + "/" + std::string(mark);

reply answer(unsigned status, const std::string& body) {
    reply r;
    r.status = status;
    r.body = secret(body);
    return r;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wiping)

BOOST_AUTO_TEST_CASE(what_is_not_wiped_is_found) {
    BOOST_TEST(blocks_left_by([] { const std::vector<std::string> plain(2, hush); }) == 2);
    BOOST_TEST(blocks_left_by([] { const secret wiped(hush); }) == 0);
}

BOOST_AUTO_TEST_CASE(forms_and_fields) {
    const secret token(hush);
    BOOST_TEST(blocks_left_by([] { (void)encode_form({{"a", "b"}, {"token", hush}, {"other", hush}}); }) == 0);
    BOOST_TEST(blocks_left_by([&] { (void)bearer_field(token); }) == 0);
    BOOST_TEST(blocks_left_by([&] {
                   call ask = post_form(service_url{}, {{"token", hush}});
                   for (int i = 0; i != 5; ++i) { // the list grows
                       ask.fields.emplace_back("Authorization", bearer_field(token));
                   }
               }) == 0);
}

BOOST_AUTO_TEST_CASE(answers) {
    const auto now = time_point(std::chrono::hours(500000));
    const result<reply> good =
        answer(200, R"({"access_token":")" + hush + R"(","expires_in":60,"a":"\n)" + hush + "\"}");
    const result<reply> bad = answer(400, R"({"error":"a","error_description":"no )" + hush + "\"}");
    const secrets_sent sent{hush};
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_token("s", good, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_azure_token(*good, "s", now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!read_token("s", bad, now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!read_azure_token(*bad, "s", now, sent)); }) == 0);
    BOOST_TEST(blocks_left_by([&] { (void)told(hush, sent); }) == 0);
}

BOOST_AUTO_TEST_CASE(files) {
    const temporary_folder folder;
    const auto file = folder.write("token", hush + "\n");
    BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(read_token_file(file)); }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
