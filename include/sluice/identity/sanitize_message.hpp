#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a cloud's service said, made fit for the log and for people.
namespace sluice::identity {

/// The secrets of a request, none of which may come back in what is told.
using secrets_sent = std::vector<std::string_view>;

/// The first line of `text`, cut at 300 bytes, without control bytes and with `?` for those beyond ASCII. Where the
/// text repeats one of `sent`, or any 16 bytes in a row of it, plain or percent-encoded, nothing of it is told but
/// that. "" for a text of white space.
[[nodiscard]] std::string told(std::string_view text, const secrets_sent& sent);

/// A service's `code` and its `message`, each as above, with ": " between where there are both.
[[nodiscard]] std::string told(std::string_view code, std::string_view message, const secrets_sent& sent);

} // namespace sluice::identity
