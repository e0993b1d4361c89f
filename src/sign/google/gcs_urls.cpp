#include <sluice/base/text.hpp>
#include <sluice/config/text.hpp>
#include <sluice/sign/google/gcs_urls.hpp>

#include "../clamp_expiry.hpp"
#include "../v4_object.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace sluice::sign {

namespace {

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

// With an empty key the URL would be the bucket's, and list it.
std::string_view problem_of(std::string_view key) {
    if (key.empty()) {
        return "the key is empty";
    }
    if (key.size() > gcs_urls::max_key_length) {
        return "the key is longer than 1024 bytes";
    }
    if (!is_utf8(key)) {
        return "the key is not UTF-8";
    }
    // "Object names cannot contain Carriage Return or Line Feed characters."
    return key.find_first_of("\r\n") == std::string_view::npos ? "" : "the key contains a line break";
}

} // namespace

bucket_address resolve_gcs_address(const config::store& store, std::string_view universe) {
    if (store.bucket.empty()) {
        throw std::invalid_argument("a GCS store needs a bucket");
    }
    config::url url = store.endpoint.value_or(config::url{true, "storage." + std::string(universe), 443, ""});
    const bool virtual_hosted =
        store.addressing == config::addressing_style::virtual_hosted && fits_in_host(store.bucket, url);
    // The location in a signature's scope: any is accepted, and Google's own libraries send this one.
    return address_of(std::move(url), store.bucket, "auto", virtual_hosted);
}

gcs_urls::gcs_urls(const config::store& store, std::string_view universe)
    : address_(resolve_gcs_address(store, universe))
    , url_expiry_(clamp_expiry(store.url_expiry, max_presigned_lifetime)) {}

result<gcs_urls::unsigned_url> gcs_urls::prepare(const order& what, const presign_options& options) const {
    if (const auto problem = problem_of(what.key); !problem.empty()) {
        return failed(std::string(problem));
    }
    if (what.at >
        time_point::max() - 2 * max_presigned_lifetime) { // beyond it the sums below leave the range of the clock
        return failed("the clock is out of range");
    }
    const std::string timestamp = amz_timestamp(what.at);
    const std::string path = object_path(address_, what.key);
    const v4_object object(what.m, address_.authority, path, options);
    v4_scope scope;
    scope.access_key_id = what.signed_by;
    scope.region = address_.region;
    scope.service = "storage";
    scope.timestamp = timestamp;
    scope.dialect = what.dialect;

    // A lifetime beyond what the service allows is an error; one beyond `max_lifetime` is shortened, see `expires`.
    std::chrono::seconds seconds = life(options);
    if (seconds <= max_presigned_lifetime) {
        seconds = std::min(seconds, what.max_lifetime);
    }
    try {
        auto prepared = v4_prepare(object.request(), scope, seconds);
        if (!prepared) {
            return prepared.error();
        }
        unsigned_url url{std::move(*prepared), what.dialect, request_to(address_)};
        // Counted from X-Goog-Date, which has no fractions.
        url.request.expires = std::chrono::floor<std::chrono::seconds>(what.at) + seconds;
        return url;
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

signed_request gcs_urls::complete(unsigned_url url, std::span<const std::uint8_t> signature) {
    v4_attach(url.v4, *url.dialect, hex(signature));
    url.request.target = std::move(url.v4.target);
    return std::move(url.request);
}

result<signed_request> gcs_urls::plain(std::string_view key) const {
    if (const auto problem = problem_of(key); !problem.empty()) {
        return failed(std::string(problem));
    }
    auto made = request_to(address_);
    made.target = object_path(address_, key);
    made.expires = time_point::max();
    return made;
}

} // namespace sluice::sign
