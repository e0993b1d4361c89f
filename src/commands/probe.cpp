#include <sluice/commands/probe.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <array>

namespace sluice::commands {

namespace {

/// A word with a longer run of letters and digits may be a secret: a base64 HMAC-SHA256 has 44. ARNs and e-mail
/// addresses are longer, but have separators.
constexpr std::size_t max_run = 40;
constexpr std::size_t max_text = 300;

bool is_secret_like(std::string_view word) {
    if (word.find("://") != std::string_view::npos) {
        return true;
    }
    std::size_t run = 0;
    for (const char c : word) {
        const bool inside = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                            c == '%' || c == '=' || c == '_';
        run = inside ? run + 1 : 0;
        if (run >= max_run) {
            return true;
        }
    }
    const auto has = [&](std::string_view part) { return word.find(part) != std::string_view::npos; };
    return has("sig=") || has("Signature=") || has("Token=");
}

/// What S3, GCS and Azure write: `<Error><Code/><Message/>`, GCS `<Details/>` besides.
struct xml_error {
    std::string code;
    std::string message;
};

xml_error read_error(std::string_view body) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size(), pugi::parse_minimal | pugi::parse_escapes)) {
        return {};
    }
    const auto error = document.child("Error");
    std::string message = error.child_value("Message");
    // Azure: the request's id and time follow in lines of their own.
    message.resize(std::min(message.find('\n'), message.size()));
    const std::string details = error.child_value("Details");
    return {without_secrets(error.child_value("Code")),
            without_secrets(details.empty() ? message : message + " " + details)};
}

/// Codes for the object that is not there, where all else is in order.
bool is_missing_object(std::string_view code) {
    constexpr std::array<std::string_view, 4> codes{"NoSuchKey", "BlobNotFound", "ResourceNotFound", "NoSuchVersion"};
    return std::ranges::find(codes, code) != codes.end();
}

bool names_listing(std::string_view message) {
    return message.find("s3:ListBucket") != std::string_view::npos ||
           message.find("storage.objects.list") != std::string_view::npos;
}

} // namespace

std::string without_secrets(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(
            static_cast<std::size_t>(
                std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; }) - text.begin()),
            text.size());
        const auto word = text.substr(0, end);
        if (!word.empty()) {
            const bool control = std::ranges::find(word, '\x7f') != word.end();
            out.append(out.empty() ? "" : " ").append(control || is_secret_like(word) ? "[...]" : word);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (out.size() > max_text) {
        out.resize(max_text);
        out.append("...");
    }
    return out;
}

probe_result classify_probe(unsigned status, std::string_view body, bool anonymous) {
    const auto said = read_error(body);
    std::string text = std::to_string(status);
    text.append(said.code.empty() ? "" : " " + said.code);
    text.append(said.message.empty() ? "" : ": " + said.message);
    if (status == 200 || status == 206) { // of an object that does not exist
        return {read_access::refused, text + ", which no store answers"};
    }
    if (status == 404 && (said.code.empty() || is_missing_object(said.code))) {
        return {read_access::granted, std::to_string(status) + (said.code.empty() ? "" : " " + said.code)};
    }
    if (status == 403 && names_listing(said.message)) {
        return {read_access::granted, std::move(text)};
    }
    if (status == 403 && anonymous && said.code == "AccessDenied") {
        return {read_access::unclear, std::move(text)};
    }
    return {read_access::refused, std::move(text)};
}

} // namespace sluice::commands
