#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/config/fault.hpp>
#include <sluice/config/store_kind.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The validated configuration: plain structs, immutable once loaded. Keys, defaults and units are those of
/// `conf/sluice.yaml`; a value here has passed every check of `load`.
namespace sluice::config {

using duration = std::chrono::milliseconds;

/// Where to listen: a numeric address and a port (0: any free one).
struct endpoint {
    std::string host;
    std::uint16_t port{0};
};

struct listener {
    endpoint address;
};

struct admin {
    endpoint address{"0.0.0.0", 9180};
    secret token; ///< empty: everything but /metrics and the probes is off
};

/// An absolute http or https URL without user, query or fragment, taken apart.
struct url {
    bool tls{false};
    std::string host; ///< without brackets for an IPv6 literal
    std::uint16_t port{80};
    std::string path; ///< "" or begins with "/", no "/" at its end

    /// The value of a Host field for it: brackets for IPv6, port where it is not the scheme's default.
    [[nodiscard]] std::string authority() const;
    /// As it is written: `http://[::1]:8080/base`.
    [[nodiscard]] std::string text() const;
};

struct app {
    url address;
    duration connect_timeout{2000};
    duration response_timeout{0}; ///< to the response's head; 0: none
    /// Idle connections that each worker keeps. Not shared out among the workers: clients are spread over these by
    /// hash, so the busier one would close and open connections while the other has room.
    unsigned keepalive{64};
    /// A client that ends its direction still waits for its answer; else it counts as gone, as nginx has it.
    bool half_close{false};
    bool via{true};          ///< requests to it carry a Via field, by which one that leads back is known
    bool waiting_page{true}; ///< while it cannot be reached, browsers get a page that tries again
};

/// An address block as in CIDR notation; a bare address is a block of one.
struct cidr {
    bool v6{false};
    std::array<std::uint8_t, 16> address{};
    unsigned prefix{0};
};

struct limits {
    unsigned connections{10000};
    unsigned connections_per_client{0}; ///< of one address; 0: any number
    std::uint64_t body_min_rate{0};     ///< bytes a second that a client must send of a body; 0: any
    std::uint64_t send_min_rate{0};     ///< bytes a second that a client must take of an answer; 0: any
    std::uint64_t header_size{64ULL * 1024};
    duration header_timeout{10000};
    duration idle_timeout{75000};
    duration send_timeout{60000};
    duration tunnel_timeout{3600000};
    unsigned fills{256};
    duration shutdown_delay{5000};
    duration drain_timeout{30000};
    std::uint64_t decision_bytes{64ULL << 20U}; ///< of memory, for all decisions that are kept
};

struct fallback {
    unsigned concurrency{16};
    duration after{5000};
    unsigned breaker_failures{5};
    duration breaker_open{10000};
};

enum class log_level { debug, info, warn, error };
enum class log_format { json, text };

struct log {
    log_level level{log_level::info};
    log_format format{log_format::json};
    bool access{true};
};

enum class addressing_style { automatic, path, virtual_hosted };

/// The cloud's own chain: environment, files, workload identity, metadata server.
struct default_chain {};

/// Static keys of an S3 store.
struct static_keys {
    std::string access_key_id;
    secret secret_access_key;
    secret session_token; ///< empty: none
};

/// GCS: the JSON of a credentials file (`service_account`, or another type that Application Default Credentials know).
struct gcs_credentials_file {
    secret json;
};

/// GCS: an HMAC key of a service account.
struct gcs_hmac_key {
    std::string id;
    secret key;
};

/// Azure: a shared key of the storage account.
struct azure_account_key {
    secret key; ///< base64, as the portal shows it
};

using store_credentials =
    std::variant<default_chain, static_keys, gcs_credentials_file, gcs_hmac_key, azure_account_key>;

/// Base of what a kind keeps of its own in `store::own`.
struct own_settings {
    virtual ~own_settings() = default;
};

struct store {
    std::string name;
    const store_kind* kind{nullptr}; ///< never nullptr in a loaded configuration; lives forever
    std::string root;                ///< local: the directory
    bool copy{false};    ///< local: what is sent is read into memory first, and looked at again before it leaves
    std::string account; ///< azure: the storage account's name
    std::string bucket;  ///< azure: the container
    std::string prefix;  ///< a check on the whole key; "" or ends in "/"
    std::string region;
    std::optional<url> endpoint;
    addressing_style addressing{addressing_style::automatic};
    duration url_expiry{3600000};
    duration connect_timeout{2000};
    duration response_timeout{10000};
    std::string ca_file;              ///< "" : the system's
    bool anonymous{false};            ///< the objects are public: nothing is signed, no identity is asked for
    bool fips{false};                 ///< s3: the FIPS endpoints
    bool dual_stack{false};           ///< s3: endpoints with IPv6 too
    bool accelerate{false};           ///< s3: Transfer Acceleration
    std::optional<std::string> owner; ///< whose its buckets are: what is cached belongs to that name
    std::string signer;               ///< gcs: the account that signBlob signs as; "": the one that we run as
    store_credentials credentials;    ///< azure: of a connection string are left the account, endpoint and key
    std::shared_ptr<const struct own_settings> own; ///< settings for which there is no member here, of its kind's type
    bool of_preset{false}; ///< made of an app's own variables: where it cannot be used, its routes relay
};

/// A preset's store that cannot be used as the app's variables describe it. Its routes relay, all else is served.
struct unusable_store {
    std::string name;
    std::vector<fault> faults; ///< at least one
};

struct cache {
    std::string directory; ///< "": no cache, straight relay
    std::uint64_t max_size{20ULL << 30U};
    std::uint64_t min_free{1ULL << 30U};
    std::uint64_t max_objects{1000000};
    std::uint64_t block_size{1ULL << 20U}; ///< a power of two, 64 KiB to 16 MiB
    duration max_age{24LL * 3600 * 1000};
    duration stale_if_error{3600000};
    std::uint64_t read_ahead{16ULL << 20U};
    unsigned max_share{100}; ///< percent of the cache that one object may take
};

/// `authorize: none`, spelled out.
struct authorize_none {};

/// `authorize.require`: what an answer must be, beside `accept`, to grant. What is empty is not asked for.
struct required_answer {
    std::vector<unsigned> status;
    std::string content_type;                                 ///< lower case, without parameters
    std::vector<std::pair<std::string, std::string>> headers; ///< name in lower case, value; each exactly once
};

/// `authorize: {subrequest: …}`.
struct authorize_subrequest {
    std::string path; ///< a template with the route's captures, begins with "/"
    duration ttl{10000};
    duration timeout{5000};
    std::vector<std::string> ignore_headers; ///< lower case
    /// The statuses (200 to 299) that grant, whatever the answer's type. Empty: the default rule, 200 (204 too where
    /// nothing is resolved) with a type that is not `text/html`.
    std::vector<unsigned> accept;
    required_answer require;
};

/// `resolve: {…}`: where in the granting answer the object stands. JSON pointers (RFC 6901); "": not set.
struct resolve_pointers {
    std::string object; ///< never "": to a URI, or to a bare key where the route has a store
    std::string content_type;
    std::string filename;
    std::string filename_fallback; ///< where nothing stands at `filename`; set by a preset only
    std::string needed{};          ///< where an object must stand; set by a preset only
};

/// `cors: {…}`: what pages of other origins may do with a route's answers (Fetch §3.2).
struct cors {
    bool any_origin{false};           ///< `origins: ["*"]`; never together with credentials
    std::vector<std::string> origins; ///< serialized origins, lower case; empty with any_origin, else at least one
    bool credentials{false};
    std::vector<std::string> expose_headers; ///< lower case; besides those that a player needs
    duration max_age{3600000};               ///< how long a preflight's answer may be kept
};

enum class query_policy { none, any, named };

/// `compress: {…}`: text goes out in a content coding that the client accepts.
struct compression {
    std::uint64_t max_size{8ULL << 20U}; ///< larger objects go out as they are
};

/// How a route's objects reach the client.
enum class delivery { stream, redirect };

/// An app whose rules are built in.
enum class preset { none, open_webui };

/// `preset_options.bucket`: where an object lies that the app named. `configured`: in the store of the route, as the
/// app itself has it, which ignores what bucket and prefix it once wrote down; `recorded`: where the name says, which
/// must be there.
enum class preset_bucket { configured, recorded };

/// A media route. The object comes from one of: `object`, `resolve`, `object_header`.
struct route {
    std::string name;
    enum preset preset {};
    enum preset_bucket preset_bucket {};
    std::string path;                     ///< the template, as written
    std::vector<std::string> other_paths; ///< templates that lead here too; set by a preset only
    query_policy query{query_policy::none};
    std::vector<std::string> query_names; ///< with query_policy::named
    std::string store;                    ///< "" only with `resolve` or `object_header`; else of `stores`, or unusable
    std::string object;                   ///< a template over the captures; "" with the other two
    std::optional<resolve_pointers> resolve;
    /// The field of the app's own answer that names the object, in lower case; "": none. `authorize` then says nothing:
    /// the app answers each request itself.
    std::string object_header;
    std::variant<authorize_none, authorize_subrequest> authorize;
    std::optional<struct cors> cors;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<duration> max_age;
    bool immutable{false};
    bool server_timing{false};
    enum delivery delivery { delivery::stream };
    std::optional<compression> compress; ///< none: never
};

struct config {
    unsigned workers{1};    ///< `auto` is resolved when the file is loaded
    bool core_dumps{false}; ///< the process may be dumped, and traced by its user; else neither
    std::vector<listener> listeners;
    struct admin admin;
    struct app app;
    std::vector<cidr> trusted_proxies;
    std::vector<std::string> strip_request_headers; ///< lower case
    struct limits limits;
    struct fallback fallback;
    struct log log;
    std::map<std::string, store> stores;
    std::vector<unusable_store> unusable_stores; ///< those of presets; their names are not among `stores`
    struct cache cache;
    std::vector<route> routes;
    std::vector<std::string> object_headers; ///< those of all routes, lower case, each once: never a client's to send
};

} // namespace sluice::config
