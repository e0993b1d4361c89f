#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How Open WebUI presents a file: the type and the disposition that its `/api/v1/files/{id}/content` would respond
/// with. Pure. The disposition is the app's defence against stored scripts, as the type is its users' to choose.
namespace sluice::presets {

struct presentation {
    std::string content_type;        ///< a field value, never ""
    std::string content_disposition; ///< a field value; "": no such field
};

/// True for a UUID in the form that the app gives its files: 36 characters, lower-case hex (RFC 9562 §4).
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

/// Under which of its rules the app gives a file's bytes.
enum class file_form : std::uint8_t {
    shown,    ///< `/content`: in place where the type allows it
    attached, ///< `/content?attachment=true`
    named     ///< `/content/{file_name}`: attached, and its type is guessed, whatever the upload said
};

/// The rule for a request of `/api/v1/files/{id}/content` or of what lies beneath it; `path` is raw and media-safe
/// (http::is_media_safe_path), `query` what follows `?`.
///
/// Nullopt, and the request is relayed: for `/content/html`, whose rule is narrower, and `/content/watch`, which is
/// redirected, however they are encoded; for an `attachment` that the app refuses (pydantic takes 1, 0, t, f, y, n,
/// yes, no, on, off, true, false in any case); and for queries in which the app might read something else than we do:
/// any parameter twice, a name that is empty or not written in plain letters, digits, `_`, `-` and `.`, an encoded
/// `attachment`, a `;`, and `shared`, which it redirects. Other parameters it ignores.
[[nodiscard]] std::optional<file_form> open_webui_form(std::string_view path, std::string_view query);

/// The app's rules. `key`: where the file is stored. `meta_name`, `filename` and `content_type` are the strings of the
/// app's response, nullopt where there are none (for a null or another kind the caller relays: the app would fail
/// there).
///
/// Nullopt, and the request is relayed, without any name, for a name that is no UTF-8 or longer than 4,096 bytes, and
/// for a type that is no plain ASCII field value of at most 256 bytes.
[[nodiscard]] std::optional<presentation> open_webui_presentation(file_form form, std::string_view key,
                                                                  const std::optional<std::string>& meta_name,
                                                                  const std::optional<std::string>& filename,
                                                                  const std::optional<std::string>& content_type);

} // namespace sluice::presets
