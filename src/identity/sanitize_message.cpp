#include <sluice/base/secret.hpp>
#include <sluice/base/text.hpp>
#include <sluice/identity/sanitize_message.hpp>

#include <algorithm>
#include <unordered_set>

namespace sluice::identity {
namespace {

constexpr std::size_t max_length = 300;
/// How much is searched for secrets: more than `max_length`, so that no part of one appears that the limit cuts in two.
constexpr std::size_t searched_length = 4096;
/// So many bytes of a secret in a row count as a repetition of it.
constexpr std::size_t min_match = 16;
/// A message may have been percent-encoded by several hops.
constexpr int max_encodings = 3;
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

/// `text` with each `%XX` decoded; anything else stays as it is.
std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int byte = text[i] == '%' ? percent_escape_at(text, i) : -1;
        if (byte >= 0) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool repeats(std::string_view text, std::string_view one) {
    if (one.size() <= min_match) {
        return !one.empty() && text.find(one) != std::string_view::npos;
    }
    std::unordered_set<std::string_view> parts;
    for (std::size_t at = 0; at + min_match <= text.size(); ++at) {
        parts.insert(text.substr(at, min_match));
    }
    for (std::size_t at = 0; at + min_match <= one.size(); ++at) {
        if (parts.contains(one.substr(at, min_match))) {
            return true;
        }
    }
    return false;
}

bool repeats_any(std::string_view text, const request_secrets& sent) {
    wiped_text form(printable(text));
    for (int encodings = 0;; ++encodings) {
        if (std::ranges::any_of(sent, [&](std::string_view one) { return repeats(form.text, one); })) {
            return true;
        }
        const wiped_text bytes(percent_decoded(form.text));
        wiped_text decoded(printable(bytes.text));
        if (encodings == max_encodings || decoded.text.size() == form.text.size()) {
            return false;
        }
        form.text.swap(decoded.text);
    }
}

} // namespace

std::string sanitize_message(std::string_view text, const request_secrets& sent) {
    const auto searched = trimmed(text).substr(0, searched_length);
    if (repeats_any(searched, sent)) {
        return std::string(withheld);
    }
    return printable(searched.substr(0, searched.find_first_of("\r\n"))).substr(0, max_length);
}

std::string sanitize_message(std::string_view code, std::string_view message, const request_secrets& sent) {
    std::string out = sanitize_message(code, sent);
    const std::string rest = sanitize_message(message, sent);
    out += out.empty() || rest.empty() ? "" : ": ";
    return out += rest;
}

} // namespace sluice::identity
