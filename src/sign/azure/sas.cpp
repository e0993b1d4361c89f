#include <sluice/base/base64.hpp>
#include <sluice/sign/azure/sas.hpp>

#include <initializer_list>

namespace sluice::sign {

namespace {

// Versions are dates in ISO 8601, so texts compare like the versions.
constexpr std::string_view v2018_11_09 = "2018-11-09";
constexpr std::string_view v2020_02_10 = "2020-02-10";
constexpr std::string_view v2020_12_06 = "2020-12-06";
constexpr std::string_view v2025_07_05 = "2025-07-05";
constexpr std::string_view v2026_04_06 = "2026-04-06";

// "newline-separated UTF-8", no newline after the last.
class lines {
public:
    void add(std::initializer_list<std::string_view> values) {
        for (const std::string_view value : values) {
            text_ += begun_ ? "\n" : "";
            text_ += value;
            begun_ = true;
        }
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
    bool begun_{false};
};

// signedResource, signedSnapshotTime, signedEncryptionScope: each since its version.
void add_resource(lines& to, const azure_sas& sas) {
    to.add({sas.resource, sas.snapshot});
    if (sas.version >= v2020_12_06) {
        to.add({sas.encryption_scope});
    }
}

void add_service_part(lines& to, const azure_sas& sas) {
    to.add({sas.identifier, sas.ip, sas.protocol, sas.version});
    if (sas.version >= v2018_11_09) {
        add_resource(to, sas);
    }
}

void add_delegation_part(lines& to, const azure_sas& sas) {
    const azure_delegation& by = *sas.delegation;
    to.add({by.oid, by.tid, by.start, by.expiry, by.service, by.version});
    if (sas.version >= v2020_02_10) {
        to.add({by.authorized_oid, by.unauthorized_oid, by.correlation_id});
    }
    if (sas.version >= v2025_07_05) {
        to.add({by.delegated_tid, by.delegated_oid});
    }
    to.add({sas.ip, sas.protocol, sas.version});
    add_resource(to, sas);
    if (sas.version >= v2026_04_06) {
        std::string headers; // `name:value\n` each
        for (const field_view& header : sas.headers) {
            headers.append(header.name).append(":").append(header.value).append("\n");
        }
        std::string query; // `\nname:value` each
        for (const field_view& parameter : sas.query) {
            query.append("\n").append(parameter.name).append(":").append(parameter.value);
        }
        to.add({headers, query});
    }
}

void append_pair(std::string& to, std::string_view name, std::string_view value) {
    if (value.empty()) {
        return;
    }
    to += to.empty() ? "" : "&";
    to += name;
    to += '=';
    append_percent_encoded(to, value, slash::encode);
}

std::string names_of(std::span<const field_view> fields) {
    std::string names;
    for (const field_view& field : fields) {
        names += names.empty() ? "" : ",";
        names += field.name;
    }
    return names;
}

} // namespace

std::string azure_string_to_sign(const azure_sas& sas) {
    lines text;
    text.add({sas.permissions, sas.start, sas.expiry, sas.canonical_resource});
    if (sas.delegation != nullptr) {
        add_delegation_part(text, sas);
    } else {
        add_service_part(text, sas);
    }
    text.add(
        {sas.cache_control, sas.content_disposition, sas.content_encoding, sas.content_language, sas.content_type});
    return text.take();
}

std::string azure_sas_query(const azure_sas& sas, std::string_view signature) {
    std::string query;
    query.reserve(512);
    append_pair(query, "sv", sas.version);
    append_pair(query, "st", sas.start);
    append_pair(query, "se", sas.expiry);
    append_pair(query, "sr", sas.resource);
    append_pair(query, "sp", sas.permissions);
    append_pair(query, "si", sas.identifier);
    append_pair(query, "sip", sas.ip);
    append_pair(query, "spr", sas.protocol);
    append_pair(query, "ses", sas.encryption_scope);
    if (sas.delegation != nullptr) {
        const azure_delegation& by = *sas.delegation;
        append_pair(query, "skoid", by.oid);
        append_pair(query, "sktid", by.tid);
        append_pair(query, "skt", by.start);
        append_pair(query, "ske", by.expiry);
        append_pair(query, "sks", by.service);
        append_pair(query, "skv", by.version);
        append_pair(query, "saoid", by.authorized_oid);
        append_pair(query, "suoid", by.unauthorized_oid);
        append_pair(query, "scid", by.correlation_id);
        append_pair(query, "skdutid", by.delegated_tid);
        append_pair(query, "sduoid", by.delegated_oid);
        append_pair(query, "srh", names_of(sas.headers));
        append_pair(query, "srq", names_of(sas.query));
    }
    append_pair(query, "rscc", sas.cache_control);
    append_pair(query, "rscd", sas.content_disposition);
    append_pair(query, "rsce", sas.content_encoding);
    append_pair(query, "rscl", sas.content_language);
    append_pair(query, "rsct", sas.content_type);
    append_pair(query, "sig", signature);
    return query;
}

std::string azure_signed_query(const azure_sas& sas, const hmac_key& key) {
    const sha256_digest mac = key.mac(azure_string_to_sign(sas));
    const std::string_view bytes(reinterpret_cast<const char*>(mac.data()), mac.size());
    return azure_sas_query(sas, base64_encode(bytes));
}

} // namespace sluice::sign
