#pragma once

#include <sluice/config/mapping.hpp>

#include <vector>

/// The sections of a document that have files of their own. Each adds what is wrong to the reading, and leaves its
/// target half filled where anything is.
namespace sluice::config {

/// Sets what the environment and the flags override in the document, and refuses variables that override nothing.
void apply_overrides(node& root, const load_options& options, std::vector<diagnostic>& diagnostics);

/// `listeners`, `admin` and `app`, whose addresses must differ.
void read_addresses(reading& r, mapping& top, config& c);

/// All of `stores`.
void read_stores(reading& r, const node& where, config& c);
/// One store, named by `key`.
void read_store(reading& r, const node& key, const node& where, config& c);

/// After the stores, which routes name.
void read_routes(reading& r, const std::vector<node>& items, config& c);

void read_cache(reading& r, const node& where, cache& out);

/// `invalidate`.
void read_invalidate(reading& r, const node& where, config& c);

} // namespace sluice::config
