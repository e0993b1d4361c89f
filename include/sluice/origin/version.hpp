#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/origin/store.hpp>

#include <string>
#include <string_view>

/// Versions of objects. A version is one text, a strong entity tag (RFC 9110 §8.8.3) with its quotes, so that versions
/// are compared as texts. Where a store has generations, the generation is part of it, as in
/// `"5d41402abc4b2a76b9719d911017c592-g1579287380533984"`: then an object that is written again with the same bytes, or
/// with those of an earlier version, is a new version. Clients see it as the ETag.
namespace sluice::origin {

/// The version that a response carries; "" where it has no strong entity tag, or more than one.
[[nodiscard]] std::string version_of(const http::field_list& fields, const capabilities& can);

/// The store's own validators, taken out of a version. `generation` refers to it.
struct version_parts {
    std::string etag;            ///< with its quotes
    std::string_view generation; ///< "": none
};
/// The parts of `version`, which must outlive what is given.
[[nodiscard]] version_parts parts_of(std::string_view version, const capabilities& can);

/// Appends the field that asks for this version only. Stores refuse extension fields that a URL's signature does not
/// cover: with `plain_fields_only` it is `If-Match`, and the generation of the response has to be compared. False, and
/// nothing appended, where the version cannot stand in a field.
[[nodiscard]] bool append_match(std::string& request, std::string_view version, const capabilities& can,
                                bool plain_fields_only);

/// Appends the field that asks for any other version. It is always `If-None-Match`, as the XML API has no such
/// condition on generations (cloud.google.com/storage/docs/request-preconditions); so the generation of a 304 has to be
/// compared. Returns false as `append_match` does.
[[nodiscard]] bool append_none_match(std::string& request, std::string_view version, const capabilities& can);

} // namespace sluice::origin
