#include <sluice/authorize/store_hint.hpp>
#include <sluice/http/fields.hpp>

namespace sluice::authorize {

std::string store_hint(std::string_view named, path_meaning meaning) {
    const auto scheme_end = named.find("://");
    if (scheme_end != std::string_view::npos) {
        const auto scheme = named.substr(0, scheme_end);
        const auto rest = named.substr(scheme_end + 3);
        const std::string place(rest.substr(0, rest.find('/')));
        if (scheme == "s3" || scheme == "gs") {
            return std::string("a store of type ") + (scheme == "s3" ? "s3" : "gcs") + " with bucket: " + place;
        }
        if (http::same_name(scheme, "http") || http::same_name(scheme, "https")) {
            return "a store whose endpoint, or one of whose aliases, is at " + place;
        }
        return "nothing: no store has objects with that scheme";
    }
    if (!named.starts_with('/')) {
        return "a store on the route, and no prefix in that store with which this key does not begin";
    }
    const auto end = named.find('/', 1);
    if (meaning == path_meaning::file || end == std::string_view::npos || end == 1) {
        return "a store of type local whose root this path lies beneath, and whose prefix its key begins with";
    }
    const std::string first(named.substr(1, end - 1));
    return "a store called " + first + ", or one with internal: /" + first + "/, whose prefix the key begins with";
}

} // namespace sluice::authorize
