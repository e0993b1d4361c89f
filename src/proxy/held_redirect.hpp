#pragma once

#include <sluice/http/header_list.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::proxy {

/// A redirect of the app that is kept back: what the client gets where its object is not sent.
struct held_redirect {
    /// Content that is longer is not kept: a redirect without it leads to the same place.
    static constexpr std::size_t max_content = 64U * 1024;

    unsigned status{0};
    std::string reason{};
    http::header_list fields{};               ///< end to end, in the app's order, without the length
    std::optional<std::uint64_t> announced{}; ///< the length that the head says
    relay::content_copy content{max_content};
};

/// What is kept of `head` (`hidden`: of `relay::each_passed_field`); its content is still to come.
[[nodiscard]] held_redirect hold(const http::response_head& head, std::span<const std::string> hidden);

/// Sends it to the client as it came, with `added` behind its fields. The arguments must live until completion.
awaitable<void> send_held(session::exchange& x, const held_redirect& held, const http::header_list& added);

} // namespace sluice::proxy
