#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Messages of the clouds' services, made fit for the log.
namespace sluice::identity {

/// The secrets of a request, none of which may appear in a message.
using request_secrets = std::vector<std::string_view>;

/// The first line of `text`, cut at 300 bytes, without control characters and with `?` for bytes beyond ASCII. Where
/// the text repeats one of `sent`, or any 16 bytes in a row of it, plain or percent-encoded, the result only says that
/// it was withheld. "" for a text of white space.
[[nodiscard]] std::string sanitize_message(std::string_view text, const request_secrets& sent);

/// A service's `code` and its `message`, each as above, with ": " between where there are both.
[[nodiscard]] std::string sanitize_message(std::string_view code, std::string_view message,
                                           const request_secrets& sent);

} // namespace sluice::identity
