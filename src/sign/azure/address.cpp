#include <sluice/base/text.hpp>
#include <sluice/config/text.hpp>
#include <sluice/http/target.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/canonical.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sluice::sign {

namespace {

bool has_dot_segment(std::string_view name) {
    for (std::size_t from = 0; from <= name.size();) {
        const auto to = std::min(name.find('/', from), name.size());
        const std::string_view segment = name.substr(from, to - from);
        if (segment == "." || segment == "..") {
            return true;
        }
        from = to + 1;
    }
    return false;
}

// C1 as UTF-8 writes it: C2 80 to C2 9F.
bool has_c1_control(std::string_view name) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto next = i + 1 < name.size() ? static_cast<unsigned char>(name[i + 1]) : 0U;
        if (static_cast<unsigned char>(name[i]) == 0xc2 && next < 0xa0) {
            return true;
        }
    }
    return false;
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string_view problem_of(std::string_view blob) {
    if (blob.empty()) {
        return "the blob's name is empty";
    }
    if (blob.size() > max_blob_name_length * 4 || !is_utf8(blob)) {
        return "the blob's name is not UTF-8, or longer than 1024 characters";
    }
    if (characters(blob) > max_blob_name_length) {
        return "the blob's name is longer than 1024 characters";
    }
    if (config::has_control(blob) || has_c1_control(blob) || has_dot_segment(blob)) {
        return "the blob's name has a control character or a dot segment";
    }
    return "";
}

} // namespace

config::url azure_endpoint(const config::store& store) {
    if (store.endpoint) {
        return *store.endpoint;
    }
    return {true, store.account + ".blob.core.windows.net", 443, ""};
}

azure_address resolve_azure_address(const config::store& store) {
    if (store.bucket.empty()) {
        throw std::invalid_argument("an Azure store needs a container");
    }
    if (store.account.empty() && !(store.anonymous && store.endpoint)) {
        throw std::invalid_argument("an Azure store needs an account");
    }
    const config::url url = azure_endpoint(store);
    azure_address address{endpoint_at(url), url.path + '/', "/blob/" + store.account + "/" + store.bucket};
    append_percent_encoded(address.base, store.bucket, slash::encode); // "$root" is a container
    return address;
}

std::string azure_blob_name(std::string_view name) {
    std::string blob(name);
    std::ranges::replace(blob, '\\', '/');
    return blob;
}

result<std::string> azure_path(const azure_address& address, std::string_view name) {
    const std::string blob = azure_blob_name(name);
    if (const auto problem = problem_of(blob); !problem.empty()) {
        return error{errc::sign_failed, error_source::internal, false, std::string(problem)};
    }
    std::string path;
    path.reserve(address.base.size() + 1 + blob.size() + blob.size() / 2);
    path += address.base;
    path += '/';
    append_percent_encoded(path, blob, slash::keep);
    return path;
}

} // namespace sluice::sign
