#pragma once

#include <sluice/http/fields.hpp>
#include <sluice/origin/store.hpp>

#include <string>
#include <string_view>

/// By what a version of an object is known. One text, so that everything that compares versions compares one thing: a
/// strong entity tag (RFC 9110 §8.8.3), quotes included. Where a store has generations it is made of both, as in
/// `"5d41402abc4b2a76b9719d911017c592-g1579287380533984"`: then neither a new object with the old one's bytes nor an
/// entity tag that comes back is taken for the same. Clients see it as the ETag.
namespace sluice::origin {

/// The version that a store's answer is of; "" where it does not say so strongly and once.
[[nodiscard]] std::string version_of(const http::field_list& fields, const capabilities& can);

/// What a version is made of, as the store itself calls it. Views into it.
struct version_parts {
    std::string etag;            ///< with its quotes
    std::string_view generation; ///< "": none
};
[[nodiscard]] version_parts parts_of(std::string_view version, const capabilities& can);

/// Appends the line that asks for this version only. A store refuses extension fields that a URL's signature does not
/// cover: with `plain_fields_only` the entity tag alone asks, and the answer's generation is what is compared. False,
/// and nothing appended, where the version cannot stand in a field.
[[nodiscard]] bool append_match(std::string& request, std::string_view version, const capabilities& can,
                                bool plain_fields_only);

/// Appends the line that asks for any other version: by the entity tag, for want of such a condition on generations in
/// the XML API (cloud.google.com/storage/docs/request-preconditions). So a 304 says nothing of the generation but by
/// its own field. False as above.
[[nodiscard]] bool append_none_match(std::string& request, std::string_view version, const capabilities& can);

} // namespace sluice::origin
