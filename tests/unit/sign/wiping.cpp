// That no copy of a key is left in memory that is given back, nor on a stack.
#include <sluice/base/base64.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/make_signer.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <boost/test/unit_test.hpp>

#include "../identity/given_back.hpp"
#include <pthread.h>

#include <stdexcept>
#include <vector>

using namespace sluice::sign;
using namespace sluice::identity::test;
using sluice::secret;

namespace {

/// What `act` leaves on the stack of a thread of its own.
template <class F>
std::string left_on_stack(F act) {
    std::string stack(std::size_t{1} << 20U, '\0');
    pthread_attr_t attributes;
    pthread_t thread{};
    const auto body = [](void* what) -> void* {
        const auto deep = [](F& f) {
            volatile char above[1U << 16U]; // what the thread's end writes over
            above[0] = 0;
            f();
            above[1] = above[0];
        };
        void (*volatile call)(F&) = deep; // not inlined
        call(*static_cast<F*>(what));
        return nullptr;
    };
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, stack.data(), stack.size()) != 0 ||
        pthread_create(&thread, &attributes, body, &act) != 0 || pthread_join(thread, nullptr) != 0) {
        throw std::runtime_error("no thread with a stack of its own");
    }
    pthread_attr_destroy(&attributes);
    return stack;
}

std::string_view text_of(const sha256_digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(wiping)

BOOST_AUTO_TEST_CASE(keys_in_base64) {
    // The mark in the bytes, and in the text.
    for (const std::string& text : {sluice::base64_encode(hush), hush}) {
        BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(sluice::base64_decode(text)); }) == 0);
        const std::string broken = text + "Zh==";
        BOOST_TEST(blocks_left_by([&] { BOOST_CHECK(!sluice::base64_decode(broken)); }) == 0);
        sluice::config::store store;
        store.account = "a";
        store.bucket = "b";
        store.credentials = sluice::config::azure_account_key{secret(text)};
        const sluice::identity::environment none = [](std::string_view) { return std::nullopt; };
        BOOST_TEST(blocks_left_by(
                       [&] { BOOST_CHECK(make_azure_signing(store, none, sluice::system_wall_clock()).signer); }) == 0);
    }
}

BOOST_AUTO_TEST_CASE(keys_of_signatures_version_4) {
    BOOST_TEST(blocks_left_by([] { (void)v4_signing_key(hush, "20260115", "us-east-1", "s3"); }) == 0);
    std::vector<sha256_digest> steps{hmac_sha256(as_key("AWS4hush"), "20260115")};
    for (const std::string_view part : {"us-east-1", "s3", "aws4_request"}) {
        steps.push_back(hmac_sha256(steps.back(), part));
    }
    const auto unwiped = left_on_stack([] {
        const auto digest = hmac_sha256(as_key("AWS4hush"), "20260115");
        BOOST_CHECK(digest != sha256_digest{});
    });
    BOOST_TEST(unwiped.find(text_of(steps.front())) != std::string::npos); // what is left there is found
    bool right = false;
    const auto wiped = left_on_stack([&] {
        auto key = v4_signing_key("hush", "20260115", "us-east-1", "s3");
        right = key == steps.back();
        wipe(key);
    });
    BOOST_TEST(right);
    for (const auto& step : steps) {
        BOOST_TEST(wiped.find(text_of(step)) == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
