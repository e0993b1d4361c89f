#pragma once

#include <sluice/sign/signature_v4.hpp>
#include <sluice/sign/signer.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::sign {

/// A GET or HEAD of an object, with the overrides of its answer's fields (Amazon S3 API Reference, GetObject; Cloud
/// Storage XML API, "GET Object"): what both clouds' URLs say. Holds views: `authority`, `path` and `options` must live
/// as long.
class v4_object {
public:
    v4_object(method m, std::string_view authority, std::string_view path, const presign_options& options) {
        std::size_t count = 0;
        if (!options.response_content_type.empty()) {
            query_.at(count++) = {"response-content-type", options.response_content_type};
        }
        if (!options.response_content_disposition.empty()) {
            query_.at(count++) = {"response-content-disposition", options.response_content_disposition};
        }
        request_.method = m == method::get ? "GET" : "HEAD";
        request_.authority = authority;
        request_.path = path;
        request_.query = std::span(query_).first(count);
    }
    v4_object(const v4_object&) = delete; // `request_` looks into `query_`
    v4_object& operator=(const v4_object&) = delete;

    [[nodiscard]] const v4_request& request() const noexcept { return request_; }

private:
    std::array<field_view, 2> query_;
    v4_request request_;
};

} // namespace sluice::sign
