#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How Open WebUI presents a file: the type and the disposition that its `/api/v1/files/{id}/content` would answer
/// with. Pure. The disposition is the app's defence against stored scripts, as the type is its users' to choose.
namespace sluice::proxy {

struct presentation {
    std::string content_type;        ///< a field value, never ""
    std::string content_disposition; ///< a field value; "": no such field
};

/// True for a UUID in the form that the app gives its files: 36 characters, lower-case hex (RFC 9562 §4).
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

/// True for the queries that the route takes: "", `attachment=true`, `attachment=false`.
[[nodiscard]] bool open_webui_query(std::string_view query) noexcept;

/// The app's rules. `query` is what follows `?`; `meta_name`, `filename` and `content_type` are the strings of its
/// answer, nullopt where there are none (for a null or another kind the caller relays: the app would fail there).
///
/// Nullopt, and the request is relayed, for another query, without any name, for a name that is no UTF-8 or longer than
/// 4,096 bytes, and for a type that is no plain ASCII field value of at most 256 bytes.
[[nodiscard]] std::optional<presentation> open_webui_presentation(std::string_view query,
                                                                  const std::optional<std::string>& meta_name,
                                                                  const std::optional<std::string>& filename,
                                                                  const std::optional<std::string>& content_type);

} // namespace sluice::proxy
