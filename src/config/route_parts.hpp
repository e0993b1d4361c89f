#pragma once

#include <sluice/config/mapping.hpp>
#include <sluice/config/text_template.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Parts of a route that have files of their own. Each adds what is wrong to the reading, and leaves `out` half filled
/// where anything is.
namespace sluice::config {

/// Refuses keys that cannot stand beside `with`.
void exclude(reading& r, mapping& m, std::string_view with, std::initializer_list<std::string_view> keys);

/// `hosts`, where it is there.
void read_hosts(reading& r, mapping& m, route& out);

/// The name of a query's parameter, as it stands in a URL.
result<std::string> parse_query_name(std::string_view text);

/// The store that the route names. Nullptr where it names none, or one that is not configured. `needed`: it must.
const store* read_store_name(mapping& m, const config& c, bool needed, route& out);

/// `object`, of a route whose path has `captures` (nullptr: not known). Returns its parts; none where it is not there
/// or cannot be read.
text_parts read_object(mapping& m, const std::vector<std::string>* captures, template_scope::resolves resolved,
                       route& out);

/// `object` and `store` of a route whose object the request names. Returns the object's parts.
text_parts read_named_object(mapping& m, const config& c, const std::vector<std::string>* captures, route& out);

/// Refuses a URI of any store that the app would not be asked for by all that makes it. To be read after `authorize`.
void check_any_store(mapping& m, const std::vector<std::string>* captures, const text_parts& parts, const route& out);

/// `path`, `query`, `store`, the object and `authorize` of a route without a preset.
void read_source(reading& r, mapping& m, const config& c, route& out);

/// `follow`, which must be there.
void read_follow(reading& r, mapping& m, route& out);

/// `authorize`, for the kind of route that `out` is so far. `captures`: those of its path; nullptr: not known.
void read_authorize(reading& r, mapping& m, const config& c, const std::vector<std::string>* captures, route& out);

/// A field of the app's answer that may go onto an object; lower case.
[[nodiscard]] result<std::string> parse_app_header(std::string_view text);

/// `content_type` and `allowed_app_headers`. To be read after `headers`, and after what names the object.
void read_app_fields(reading& r, mapping& m, route& out);

/// `object_header`: a field's name, or `{name: …, url_prefix: …}`.
void read_object_header(reading& r, mapping& m, route& out);

/// `cors`, where it is there. To be read after `headers`.
void read_cors(reading& r, mapping& m, route& out);

/// What `preset: open-webui` says in place of the route.
void fill_open_webui(route& out);

/// Sets the store of a route with that preset that names none: "open-webui" of `c.stores`, which is made from the app's
/// own environment variables where it does not exist. Where they do not make a store, that is no error of the
/// configuration: what is wrong is put into `c.unusable_stores`. To be called after `preset_options` are read.
void add_open_webui_store(reading& r, config& c, route& out);

/// Adds the fields by which the app identifies who signs in, as its variables name them, to `c.strip_request_headers`:
/// it trusts them whoever sends them.
void strip_open_webui_identity(reading& r, config& c);

} // namespace sluice::config
