// What signing costs: prints one line of JSON with nanoseconds for each round, on one thread.
//
//   bench_sign [ROUNDS]
//
// new_url: a presigned S3 URL made anew, the signing key of the day being warm; kept_url: the same object again.
#include <sluice/sign/aws/s3_signer.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int urls = 20'000;

sluice::sign::s3_signer make_signer() {
    sluice::config::store store;
    store.bucket = "media";
    store.region = "eu-central-1";
    sluice::identity::aws_credentials keys;
    keys.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    keys.secret_access_key = sluice::secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    auto provider =
        std::make_shared<sluice::identity::static_provider<sluice::identity::aws_credentials>>(std::move(keys));
    return {store, std::move(provider), sluice::system_wall_clock()};
}

/// Nanoseconds for each of `urls` calls; ends the program where one fails.
template <class Sign>
double measure(Sign sign) {
    std::size_t bytes = 0;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < urls; ++i) {
        const auto made = sign(i);
        if (!made) {
            std::cerr << "bench_sign: " << made.error().detail << '\n';
            std::exit(1);
        }
        bytes += made->target.size();
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    if (bytes < static_cast<std::size_t>(urls) * 200) { // a presigned URL is longer
        std::cerr << "bench_sign: no URL was made\n";
        std::exit(1);
    }
    return took.count() / urls;
}

std::string list(const std::vector<double>& values) {
    std::string text;
    for (const double v : values) {
        text += (text.empty() ? "[" : ", ") + std::to_string(v);
    }
    return text + "]";
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
    auto signer = make_signer();
    std::vector<std::string> keys;
    for (int i = 0; i < urls; ++i) {
        keys.push_back("uploads/3f2b8c1e-9d4a-4c55-8a2e-" + std::to_string(1'000'000 + i) + "_My video.mp4");
    }
    const sluice::sign::presign_options plain{};
    std::vector<double> made;
    std::vector<double> kept;
    for (int round = 0; round <= rounds; ++round) {
        const double anew = measure([&](int i) {
            return signer.presign_now(keys[static_cast<std::size_t>(i)], sluice::sign::method::get, plain);
        });
        const double again = measure([&](int) { return signer.sign_now(keys[0], sluice::sign::method::get); });
        if (round > 0) { // the first one warms up
            made.push_back(anew);
            kept.push_back(again);
        }
    }
    std::cout << "{\"new_url\": " << list(made) << ", \"kept_url\": " << list(kept) << "}\n";
}
