#pragma once

#include <sluice/config/mapping.hpp>

#include <string>
#include <vector>

/// Parts of a route that have files of their own. Each adds its faults and leaves `out` half filled where there are
/// any.
namespace sluice::config {

/// `authorize`, for the kind of route that `out` is so far. `captures`: those of its path; nullptr: not known.
void read_authorize(reading& r, mapping& m, const config& c, const std::vector<std::string>* captures, route& out);

/// `cors`, where it is there. To be read after `headers`.
void read_cors(reading& r, mapping& m, route& out);

/// What `preset: open-webui` says in place of the route.
void fill_open_webui(route& out);

/// The store of a route with that preset that names none: "open-webui" of `c.stores`, or, where there is none, one that
/// is made of the app's own environment variables and put there. Variables that do not make a store are no faults of
/// the configuration: what is wrong with them is put into `c.unusable_stores`. After `preset_options`.
void add_open_webui_store(reading& r, config& c, route& out);

/// Adds the fields by which the app is told who signs in, as its variables name them, to `c.strip_request_headers`: it
/// believes them from anyone.
void strip_open_webui_identity(reading& r, config& c);

} // namespace sluice::config
