#include <sluice/origin/store_kind.hpp>

#include <stdexcept>

namespace sluice::origin {

sign::signing store_kind::make_signing(const config::store& /*s*/, const identity::environment& /*env*/,
                                       wall_clock /*clock*/) const {
    return {};
}

std::vector<config::url> store_kind::url_places(const config::store& /*s*/, std::string_view /*location*/) const {
    return {};
}

std::string_view store_kind::fixed_credentials(const config::store& /*s*/) const {
    return "the credentials of the configuration";
}

uri_forms bucket_uris(std::string_view scheme, std::string_view bucket) {
    const std::string base = std::string(scheme).append("://").append(bucket).append("/");
    uri_forms forms{{}, base, base};
    if (!bucket.empty()) {
        forms.accepted.push_back(base);
    }
    return forms;
}

const store_kind& kind_of(const config::store& s) {
    const auto* kind = dynamic_cast<const store_kind*>(s.kind);
    if (kind == nullptr) {
        throw std::invalid_argument("the store has no type that can be used");
    }
    return *kind;
}

sign::signing make_signing(const config::store& s) {
    return kind_of(s).make_signing(s, identity::process_environment(), system_wall_clock());
}

} // namespace sluice::origin
