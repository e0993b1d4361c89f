// Any bytes as a URL of an object: what is found is safe, at a place of its store, and read in the same way when it is
// written anew; and no signature is believed of a key that signed nothing.
#include <sluice/authorize/location.hpp>
#include <sluice/config/text.hpp>
#include <sluice/origin/kinds/azure.hpp>
#include <sluice/origin/kinds/gcs.hpp>
#include <sluice/origin/kinds/s3.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::authorize;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

store_location place_of(const origin::store_kind& kind, const char* bucket, const char* prefix) {
    config::store s;
    s.kind = &kind;
    s.name = bucket;
    s.bucket = bucket;
    s.prefix = prefix;
    s.account = "acct";
    s.aliases.push_back({true, "h", 443, "/a"});
    return location_of(s);
}

const std::vector<store_location>& stores() {
    static const std::vector<store_location> all{place_of(origin::s3_kind(), "bkt", ""),
                                                 place_of(origin::gcs_kind(), "goog", "p/"),
                                                 place_of(origin::azure_kind(), "files", "q/")};
    return all;
}

sign::url_key key_of(const store_location& store) {
    if (store.signed_urls == sign::url_family::azure) {
        return std::make_shared<const sign::hmac_key>(sign::as_key("secret"));
    }
    return std::make_shared<const identity::aws_credentials>(identity::aws_credentials{"ID", secret("secret"), {}});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto got = read_location(text, stores());
    const auto in_path = url_in_path(text, "/d/{scheme}/{host}/{rest*}");
    if (in_path) {
        (void)read_location(*in_path, stores());
    }
    if (!got.found) {
        return 0;
    }
    const auto& url = *got.found;
    const auto& store = stores().at(url.object.store);
    require(holds_key(store, url.object.key));
    require(!config::has_control(url.content_type) && !config::has_control(url.content_disposition));
    std::string again = url.tls ? "https://" : "http://";
    again.append(url.host_field).append(url.path).append("?").append(url.query);
    const auto second = read_location(again, stores());
    require(second.found && second.found->object == url.object && second.found->at_alias == url.at_alias);
    const auto now = std::chrono::system_clock::time_point(std::chrono::hours(24 * 365 * 56));
    require(signature_of(url, store, sign::method::get, key_of(store), now).by != sign::url_signer::own);
    return 0;
}
