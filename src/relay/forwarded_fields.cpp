#include <sluice/http/chunk.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_request.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace sluice::relay {
namespace {

/// The last field of that name: the one that the nearest proxy added.
std::string_view last_value(const http::field_list& fields, std::string_view name) {
    const auto found = std::find_if(fields.items.rbegin(), fields.items.rend(),
                                    [name](const auto& f) { return http::same_name(f.name, name); });
    return found == fields.items.rend() ? std::string_view{} : found->value;
}

/// All values of a list field, as one list.
std::string joined(const http::field_list& fields, std::string_view name) {
    std::string all;
    for (const auto& f : fields.items) {
        if (http::same_name(f.name, name) && !f.value.empty()) {
            all.append(all.empty() ? "" : ", ").append(f.value);
        }
    }
    return all;
}

std::string_view port_of(std::string_view host) {
    const auto colon = host.rfind(':');
    const bool in_brackets = colon != std::string_view::npos && host.find(']', colon) != std::string_view::npos;
    return colon == std::string_view::npos || in_brackets || colon + 1 == host.size() ? "80" : host.substr(colon + 1);
}

/// A field whose value was checked when the head was parsed; one that cannot be written is left out.
void put(std::string& out, std::string_view name, std::string_view value) {
    static_cast<void>(http::append_field(out, name, value));
}

/// The `for=` node of RFC 7239 §6: an IPv6 address stands in brackets and quotes.
std::string forwarded_element(std::string_view remote, std::string_view host) {
    std::string element = "for=";
    const bool v6 = remote.find(':') != std::string_view::npos;
    element.append(v6 ? "\"[" : "").append(remote).append(v6 ? "]\"" : "").append(";proto=http");
    if (!host.empty()) {
        element.append(";host=\"").append(host).append("\"");
    }
    return element;
}

/// RFC 9110 §7.6.3. All of it as one field: some servers look at one line alone.
void append_via(std::string& out, const forwarded_by& from) {
    if (from.pseudonym.empty()) {
        return; // what the client sent passes as it is
    }
    out.append("Via: ");
    for (const auto& f : from.request.fields.items) {
        if (http::same_name(f.name, "via") && !f.value.empty() && http::is_field_value(f.value)) {
            out.append(f.value).append(", ");
        }
    }
    out.append(from.request.version < 11 ? "1.0 " : "1.1 ").append(from.pseudonym).append(http::crlf);
}

/// The address that the nearest proxy saw: the last that it added to X-Forwarded-For, where that is an address.
std::string_view last_forwarded(std::string_view chain, std::string_view otherwise) {
    const auto last = chain.find_last_of(", ");
    const auto nearest = chain.substr(last == std::string_view::npos ? 0 : last + 1);
    boost::system::error_code ec;
    static_cast<void>(asio::ip::make_address(std::string(nearest), ec));
    return ec ? otherwise : nearest;
}

void append_extended(std::string& out, const forwarded_by& from) {
    const auto& fields = from.request.fields;
    const auto host = fields.value("host");
    const auto keep_or = [&](std::string_view name, std::string_view otherwise) {
        const auto value = last_value(fields, name);
        put(out, name, value.empty() ? otherwise : value);
    };
    auto chain = joined(fields, "X-Forwarded-For");
    keep_or("X-Real-IP", last_forwarded(chain, from.remote_address));
    keep_or("X-Forwarded-Proto", "http");
    keep_or("X-Forwarded-Host", host);
    keep_or("X-Forwarded-Port", port_of(host));
    chain.append(chain.empty() ? "" : ", ").append(from.remote_address);
    put(out, "X-Forwarded-For", chain);
    auto forwarded = joined(fields, "Forwarded");
    if (!forwarded.empty()) {
        forwarded.append(", ").append(forwarded_element(from.remote_address, host));
        put(out, "Forwarded", forwarded);
    }
}

} // namespace

void append_forwarded_fields(std::string& out, const forwarded_by& from) {
    append_via(out, from);
    if (from.is_trusted) {
        append_extended(out, from);
        return;
    }
    const auto host = from.request.fields.value("host");
    put(out, "X-Forwarded-For", from.remote_address);
    put(out, "X-Forwarded-Proto", "http");
    put(out, "X-Forwarded-Host", host);
    put(out, "X-Forwarded-Port", port_of(host));
    put(out, "X-Real-IP", from.remote_address);
}

bool has_looped(const http::field_list& fields, std::string_view pseudonym) {
    return !pseudonym.empty() && std::ranges::any_of(fields.items, [pseudonym](const auto& f) {
        return http::same_name(f.name, "via") && f.value.find(pseudonym) != std::string_view::npos;
    });
}

} // namespace sluice::relay
