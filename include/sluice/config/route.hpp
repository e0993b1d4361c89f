#pragma once

#include <sluice/config/values.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::config {

/// `authorize: none`, spelled out.
struct authorize_none {};

/// `authorize.require`: what a response must have, beside the status of `accept`, to allow. What is empty is not
/// required.
struct required_answer {
    std::vector<unsigned> status;
    std::string content_type;                                 ///< lower case, without parameters
    std::vector<std::pair<std::string, std::string>> headers; ///< name in lower case, value; each exactly once
};

/// `authorize.same`: how the client's own URL is asked. `none`: it is not, but the URL of `subrequest`.
enum class same_question { none, head, first_byte };

/// `authorize: {subrequest: …}`, or `authorize: {same: …}`.
struct authorize_subrequest {
    std::string path; ///< a template with the route's captures, begins with "/"; "" with `same`
    same_question same{};
    /// With `same`: which fields of the answer, which is about the object, go onto it. Lower case.
    std::vector<std::string> take{"content-type", "content-disposition"};
    std::vector<std::string> forward_query{}; ///< the parameters that are appended to it as they came
    duration ttl{10000};
    duration timeout{5000};
    std::vector<std::string> ignore_headers; ///< lower case
    /// The statuses (200 to 299) that allow, whatever the answer's type. Empty: the default rule, 200 (204 too where
    /// nothing is resolved) with a type that is not `text/html`; with `same` 200 (206 too for `first_byte`) with a type
    /// that is there and not `text/html`.
    std::vector<unsigned> accept;
    required_answer require;
};

/// `resolve: {…}`: where the allowing response names the object. JSON pointers (RFC 6901); "": not set.
struct resolve_pointers {
    std::string object; ///< never "": to a URI, or to a bare key where the route has a store
    std::string content_type;
    std::string filename;
    std::string filename_fallback; ///< where nothing stands at `filename`; set by a preset only
    std::string needed{};          ///< where an object must stand; set by a preset only
    std::string version{};         ///< a text or a number that changes whenever the object does
};

/// `cors: {…}`: what pages of other origins may do with a route's responses (Fetch §3.2).
struct cors {
    bool any_origin{false};           ///< `origins: ["*"]`; never together with credentials
    std::vector<std::string> origins; ///< serialized origins, lower case; empty with any_origin, else at least one
    bool credentials{false};
    std::vector<std::string> expose_headers; ///< lower case; besides those that a player needs
    duration max_age{3600000};               ///< how long the response to a preflight may be cached
};

/// Which queries a request of the route may have.
enum class query_policy { none, any, named };

/// `compress: {…}`: text goes out in a content coding that the client accepts.
struct compression {
    std::uint64_t max_size{8ULL << 20U}; ///< larger objects go out as they are
};

/// `content_type`: who says the media type of a route's objects. `usual`: the app where it says one, else the store,
/// else the key's extension. `route`: it stands among the route's `headers`.
enum class type_from { usual, store, app, route };

/// How a route's objects reach the client.
enum class delivery { stream, redirect };

/// An app whose rules are built in.
enum class preset { none, open_webui };

/// `preset_options.bucket`: where an object is that the app named. `configured`: in the store of the route, as for the
/// app itself, which ignores the bucket and the prefix in the name; `recorded`: where the name says, which must be in
/// that store.
enum class preset_bucket { configured, recorded };

/// By what a redirect of the app is believed: `signature`: its URL is signed, by the store's own key or in the store's
/// own judgement; `location`: at its word.
enum class redirect_trust { signature, location };

/// `follow: {…}`: a redirect of the app into a configured store is followed here, and the object streamed.
struct follow {
    std::vector<unsigned> statuses{302, 303, 307, 308}; ///< of 301, 302, 303, 307, 308; at least one
    duration ttl{10000}; ///< how long a redirect holds for the same request; 0: not at all
    redirect_trust trust{redirect_trust::signature};
};

/// A media route. The object comes from one of: `object`, `resolve`, `object_header`, `follow`.
struct route {
    std::string name;
    enum preset preset {};
    enum preset_bucket preset_bucket {};
    std::string path;                     ///< the template, as written
    std::vector<std::string> other_paths; ///< templates that lead here too; set by a preset only
    std::vector<std::string> hosts;       ///< the only ones that it is for, lower case, without port; empty: all
    query_policy query{query_policy::none};
    std::vector<std::string> query_names; ///< with query_policy::named
    /// The parameters that `object` and the subrequest capture, each of which a request must have once.
    std::vector<std::string> query_captures{};
    /// "" only with `resolve`, `object_header` or `follow`; else of `stores`, or unusable.
    std::string store;
    std::string object; ///< a template over the captures; "" with the other three
    std::optional<resolve_pointers> resolve;
    /// The response field of the app that names the object, in lower case; "": none. `authorize` is unused then: the
    /// app handles each request itself.
    std::string object_header;
    std::string object_url_prefix; ///< with `object_header`: the path beneath which it has a URL (parse_url_prefix); ""
    std::optional<struct follow> follow; ///< `authorize` is unused then, as with `object_header`
    /// What came by `follow` may be shown in place on the app's origin, whatever its type.
    bool allow_inline{false};
    std::variant<authorize_none, authorize_subrequest> authorize;
    std::optional<struct cors> cors;
    std::vector<std::pair<std::string, std::string>> headers; ///< with type_from::route the Content-Type too
    enum type_from type_from {};
    std::vector<std::string> allowed_app_headers; ///< lower case; of the subrequest's answer, beside the usual ones
    std::optional<duration> max_age;
    std::optional<duration> stale_while_revalidate; ///< none: see `stale_while_revalidate_of`
    bool immutable{false};
    bool server_timing{false};
    enum delivery delivery { delivery::stream };
    std::optional<compression> compress; ///< none: never
};

} // namespace sluice::config
