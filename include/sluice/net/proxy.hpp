#pragma once

#include <sluice/base/cidr_block.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/net/peer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The proxy between Sluice and the stores, by the variables of the environment. Pure: nothing is resolved here.
namespace sluice::net {

/// An HTTP proxy that opens tunnels (CONNECT, RFC 9110 §9.3.6).
struct http_proxy {
    std::string host; ///< a name in lower case or a numeric address, no brackets
    std::uint16_t port{80};
    secret authorization{}; ///< the value of Proxy-Authorization, `Basic …` (RFC 7617); empty: none

    /// `host:port`, for logs: without the user and the password.
    [[nodiscard]] std::string authority() const;
};

/// Reads `[http://][user[:password]@]host[:port][/]`, user and password percent-encoded. Without a port it is 80, as a
/// URL of that scheme says (Go, Node and Python agree; curl alone takes 1080).
/// Error: `errc::bad_config`, its detail without anything of the text: another scheme (https and SOCKS proxies are not
/// supported), a path, a query, a bad host or port, a user that Basic cannot carry.
[[nodiscard]] result<http_proxy> parse_proxy(std::string_view text);

/// The places that NO_PROXY names, read as Go's golang.org/x/net/http/httpproxy does: items between commas (blanks too,
/// as curl has it), each of them
/// - `*`: every place;
/// - `example.com`: it and every name beneath it; `.example.com` or `*.example.com`: only those beneath;
/// - an address, `10.0.0.1` or `[fd00::1]`, or a block, `10.0.0.0/8`: hosts given as such addresses. A name is not
///   resolved to be compared with them;
/// - all but blocks with `:port`: that port only.
/// Anything else is ignored. `localhost` and loopback addresses are in every list, as there.
class no_proxy_list {
public:
    no_proxy_list() = default;
    /// `text`: as the variable has it.
    explicit no_proxy_list(std::string_view text);

    /// True where `host` (no brackets, any case, a dot at its end does not count) and `port` are named.
    [[nodiscard]] bool covers(std::string_view host, std::uint16_t port) const;

private:
    void add(std::string_view item);

    struct name {
        std::string text; // without the dot before it
        bool itself;      // not only those beneath it
        std::uint16_t port;
    };
    struct block {
        cidr_block addresses;
        std::uint16_t port;
    };
    bool everything_{false};
    std::vector<name> names_;
    std::vector<block> blocks_;
};

/// Which connections go through a proxy, and through which. Immutable: shared by all workers.
class proxy_settings {
public:
    /// Gives a variable of the environment; nullopt (or an empty text, as curl and Go take it) where it is not set.
    using environment = std::function<std::optional<std::string>(std::string_view)>;

    /// From `https_proxy` (else `HTTPS_PROXY`) and `no_proxy` (else `NO_PROXY`): lower case first, as curl. Null where
    /// no proxy is named. `HTTP_PROXY` and `ALL_PROXY` mean nothing here.
    /// Error: as `parse_proxy`, the variable's name before it: what `serve` must not start with, and `check` reports.
    static result<std::shared_ptr<const proxy_settings>> read(const environment& variable);

    /// The same from this process's environment. Not to be called while another thread changes it.
    static result<std::shared_ptr<const proxy_settings>> from_process();

    proxy_settings(http_proxy proxy, no_proxy_list except)
        : proxy_(std::move(proxy))
        , except_(std::move(except)) {}

    /// The proxy for connections to `p`, or null: directly. Only TLS goes through it (a metadata service, which has
    /// none, is never asked through one), never the app, and nothing that NO_PROXY names. Lives as long as this.
    [[nodiscard]] const http_proxy* proxy_for(const peer& p) const;

    /// The proxy.
    [[nodiscard]] const http_proxy& proxy() const noexcept { return proxy_; }

private:
    http_proxy proxy_;
    no_proxy_list except_;
};

} // namespace sluice::net
