#include <sluice/base/text.hpp>
#include <sluice/config/address.hpp>
#include <sluice/config/text.hpp>
#include <sluice/origin/kinds/azure_connection_string.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::origin {

namespace {

using config::bad;
using config::parse_base_url;
using config::parse_url;
using config::url;

// Values are views of the connection string: nothing secret is copied here.
using settings = std::map<std::string, std::string_view, std::less<>>;

// "Use Azurite to run automated tests", "Well-known storage account and key": published, the same everywhere.
constexpr std::string_view emulator_account = "devstoreaccount1";
constexpr std::string_view emulator_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

constexpr std::string_view known[] = {
    "accountkey",     "accountname",  "defaultendpointsprotocol", "developmentstorageproxyuri",
    "endpointsuffix", "blobendpoint", "sharedaccesssignature",    "usedevelopmentstorage"};

bool is_known(std::string_view name) {
    // The endpoints of queues, tables, files and secondaries, and of services to come.
    return std::ranges::find(known, name) != std::end(known) || name.ends_with("endpoint");
}

result<settings> split(std::string_view text) {
    settings found;
    while (!text.empty()) {
        const auto end = std::min(text.find(';'), text.size());
        const std::string_view one = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (one.empty()) {
            continue; // behind a last ";"
        }
        const auto equals = one.find('='); // the first: keys end in "="
        if (equals == std::string_view::npos) {
            return bad("has a setting without \"=\"");
        }
        std::string name = to_lower(trimmed(one.substr(0, equals)));
        if (!is_known(name)) {
            return bad("has a setting that is not known");
        }
        if (!found.emplace(std::move(name), trimmed(one.substr(equals + 1))).second) {
            return bad("has the same setting twice");
        }
    }
    return found;
}

std::string_view value_of(const settings& all, std::string_view name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string_view() : found->second;
}

result<url> endpoint_of(const settings& all, std::string_view account) {
    if (const auto explicit_one = value_of(all, "blobendpoint"); !explicit_one.empty()) {
        auto parsed = parse_base_url(explicit_one); // with a path: an emulator has the account there
        return parsed ? parsed : bad("has a BlobEndpoint that is not an http or https URL of a host and a plain path");
    }
    const std::string_view chosen = value_of(all, "defaultendpointsprotocol");
    const std::string protocol = chosen.empty() ? "https" : to_lower(chosen);
    if (protocol != "http" && protocol != "https") {
        return bad("has a DefaultEndpointsProtocol other than http and https");
    }
    const std::string_view suffix = value_of(all, "endpointsuffix");
    const std::string host =
        std::string(account) + ".blob." + (suffix.empty() ? std::string("core.windows.net") : std::string(suffix));
    auto parsed = parse_url(protocol + "://" + host);
    if (!parsed || parsed->host != to_lower(host)) {
        return bad("has a bad EndpointSuffix");
    }
    return parsed;
}

result<azure_connection> emulator(const settings& all) {
    if (to_lower(value_of(all, "usedevelopmentstorage")) != "true") {
        return bad("has a UseDevelopmentStorage other than true");
    }
    if (all.size() > 1) {
        return bad("has other settings beside UseDevelopmentStorage");
    }
    const url here{false, "127.0.0.1", 10000, "/" + std::string(emulator_account)};
    return azure_connection{std::string(emulator_account), here, secret(emulator_key)};
}

} // namespace

bool is_azure_account(std::string_view text) noexcept {
    return text.size() >= 3 && text.size() <= 24 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

result<azure_connection> parse_azure_connection_string(std::string_view text) {
    const auto all = split(text);
    if (!all) {
        return all.error();
    }
    if (all->contains("sharedaccesssignature")) {
        return bad("has a SharedAccessSignature, which is not supported: give an AccountKey, or no credentials for a "
                   "managed or workload identity");
    }
    if (all->contains("developmentstorageproxyuri")) {
        return bad("has a DevelopmentStorageProxyUri, which is not supported: give a BlobEndpoint");
    }
    if (all->contains("usedevelopmentstorage")) {
        return emulator(*all);
    }
    const std::string_view account = value_of(*all, "accountname");
    if (!is_azure_account(account)) {
        return bad(account.empty() ? "has no AccountName"
                                   : "has an AccountName that is not 3 to 24 lower-case letters and digits");
    }
    const std::string_view key = value_of(*all, "accountkey");
    if (key.empty()) {
        return bad("has no AccountKey");
    }
    auto endpoint = endpoint_of(*all, account);
    if (!endpoint) {
        return endpoint.error();
    }
    return azure_connection{std::string(account), *std::move(endpoint), secret(key)};
}

} // namespace sluice::origin
