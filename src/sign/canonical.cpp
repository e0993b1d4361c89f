#include <sluice/sign/canonical.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::sign {

namespace {

// "remove leading and trailing spaces, and convert sequential spaces in the header value to a single space"; quoted
// strings are no exception (aws-c-auth suite, get-header-value-trim).
void append_collapsed(std::string& out, std::string_view value) {
    bool pending = false;
    bool begun = false;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            pending = begun;
            continue;
        }
        if (pending) {
            out += ' ';
            pending = false;
        }
        out += c;
        begun = true;
    }
}

} // namespace

std::string canonical_query(std::span<const field_view> parameters) {
    // "You URI-encode name and values individually. You must also sort the parameters in the canonical query string
    // alphabetically by key name. The sorting occurs after encoding." Equal names: by value, as in the aws-c-auth
    // suite.
    std::size_t bytes = 0;
    for (const field_view& parameter : parameters) {
        bytes += parameter.name.size() + parameter.value.size();
    }
    std::string encoded;
    encoded.reserve(3 * bytes); // never reallocated, so that views of it stay valid
    std::vector<std::pair<std::string_view, std::string_view>> sorted;
    sorted.reserve(parameters.size());
    for (const field_view& parameter : parameters) {
        const std::size_t name = encoded.size();
        append_percent_encoded(encoded, parameter.name, slash::encode);
        const std::size_t value = encoded.size();
        append_percent_encoded(encoded, parameter.value, slash::encode);
        const std::string_view whole(encoded);
        sorted.emplace_back(whole.substr(name, value - name), whole.substr(value));
    }
    std::sort(sorted.begin(), sorted.end());

    std::string query;
    query.reserve(encoded.size() + 2 * sorted.size());
    for (const auto& [name, value] : sorted) {
        if (!query.empty()) {
            query += '&';
        }
        // A subresource's value is the empty string, and its "=" is written.
        query += name;
        query += '=';
        query += value;
    }
    return query;
}

canonical_header_block canonical_headers(std::span<const field_view> headers) {
    // "convert all header names to lowercase […] Do not sort the values in headers that have multiple values": stable.
    std::vector<std::pair<std::string, std::string_view>> sorted;
    sorted.reserve(headers.size());
    std::size_t bytes = 0;
    for (const field_view& header : headers) {
        sorted.emplace_back(to_lower(header.name), header.value);
        bytes += header.name.size() + header.value.size() + 2;
    }
    if (sorted.size() > 1) { // std::stable_sort allocates even for one
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    }

    canonical_header_block block;
    block.lines.reserve(bytes);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const auto& [name, value] = sorted[i];
        if (i > 0 && sorted[i - 1].first == name) {
            block.lines.back() = ','; // in place of the line's end
        } else {
            block.lines += name;
            block.lines += ':';
            block.signed_headers += block.signed_headers.empty() ? "" : ";";
            block.signed_headers += name;
        }
        append_collapsed(block.lines, value);
        block.lines += '\n';
    }
    return block;
}

} // namespace sluice::sign
