#include <sluice/base/secret.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace sluice::identity {
namespace {

constexpr std::size_t longest = 300;
/// What is searched for secrets; more than `longest`, so that none is told that is cut off within.
constexpr std::size_t looked_at = 4096;
constexpr std::size_t good_part = 16;
/// A message may have been encoded on each of several ways.
constexpr int most_encodings = 3;
constexpr std::string_view withheld = "(withheld: it repeats a secret)";

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += byte < 0x7f ? c : '?';
        }
    }
    return out;
}

/// `text` with each `%XX` as its byte; what is no such thing stays.
std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = 0;
        const auto* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool repeats(std::string_view text, std::string_view one) {
    if (one.size() <= good_part) {
        return !one.empty() && text.find(one) != std::string_view::npos;
    }
    std::unordered_set<std::string_view> parts;
    for (std::size_t at = 0; at + good_part <= text.size(); ++at) {
        parts.insert(text.substr(at, good_part));
    }
    for (std::size_t at = 0; at + good_part <= one.size(); ++at) {
        if (parts.contains(one.substr(at, good_part))) {
            return true;
        }
    }
    return false;
}

bool repeats_any(std::string_view text, const secrets_sent& sent) {
    wiped_text form(printable(text));
    for (int encodings = 0;; ++encodings) {
        if (std::ranges::any_of(sent, [&](std::string_view one) { return repeats(form.text, one); })) {
            return true;
        }
        const wiped_text bytes(percent_decoded(form.text));
        wiped_text decoded(printable(bytes.text));
        if (encodings == most_encodings || decoded.text.size() == form.text.size()) {
            return false;
        }
        form.text.swap(decoded.text);
    }
}

} // namespace

std::string told(std::string_view text, const secrets_sent& sent) {
    const auto seen = trimmed(text).substr(0, looked_at);
    if (repeats_any(seen, sent)) {
        return std::string(withheld);
    }
    return printable(seen.substr(0, seen.find_first_of("\r\n"))).substr(0, longest);
}

std::string told(std::string_view code, std::string_view message, const secrets_sent& sent) {
    std::string out = told(code, sent);
    const std::string rest = told(message, sent);
    out += out.empty() || rest.empty() ? "" : ": ";
    return out += rest;
}

} // namespace sluice::identity
