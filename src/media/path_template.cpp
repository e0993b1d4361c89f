#include <sluice/authorize/object_uri.hpp>
#include <sluice/http/target.hpp>
#include <sluice/media/path_template.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// S3 keys end there; what is longer can only be an attempt at something.
constexpr std::size_t max_key_size = 1024;

template <class Value>
result<std::string> expand(std::string_view text, const std::vector<capture>& captures, Value value) {
    std::string out;
    while (!text.empty()) {
        const auto open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const auto close = text.find('}', open);
        const auto name = text.substr(open + 1, close - open - 1);
        const auto it =
            std::find_if(captures.begin(), captures.end(), [name](const capture& c) { return c.name == name; });
        if (it != captures.end()) { // always: the config checks that templates use captures of the path only
            auto text_of = value(it->raw);
            if (!text_of) {
                return text_of.error();
            }
            out += text_of.value();
        }
        text.remove_prefix(close + 1);
    }
    return out;
}

} // namespace

path_template::path_template(std::string_view text) {
    text.remove_prefix(1); // it begins with "/"
    while (true) {
        const auto slash = text.find('/');
        const auto part = text.substr(0, slash);
        segment s;
        s.is_capture = part.starts_with('{');
        s.is_rest = part.ends_with("*}");
        s.text = s.is_capture ? part.substr(1, part.size() - (s.is_rest ? 3 : 2)) : part;
        segments_.push_back(std::move(s));
        if (slash == std::string_view::npos) {
            return;
        }
        text.remove_prefix(slash + 1);
    }
}

std::optional<std::vector<capture>> path_template::match(std::string_view raw_path) const {
    if (!raw_path.starts_with('/')) {
        return std::nullopt;
    }
    std::string_view rest = raw_path.substr(1);
    std::vector<capture> captures;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto& s = segments_[i];
        const auto slash = s.is_rest ? std::string_view::npos : rest.find('/');
        const auto part = rest.substr(0, slash);
        if (s.is_capture ? part.empty() : part != s.text) {
            return std::nullopt;
        }
        if (s.is_capture) {
            captures.push_back({s.text, part});
        }
        const bool last = i + 1 == segments_.size();
        if (last != (slash == std::string_view::npos)) {
            return std::nullopt;
        }
        rest = last ? std::string_view() : rest.substr(slash + 1);
    }
    return captures;
}

bool query_allowed(const config::route& r, std::string_view query, bool has_query) noexcept {
    if (r.query == config::query_policy::any) {
        return true;
    }
    if (r.query == config::query_policy::none) {
        return !has_query;
    }
    while (!query.empty()) {
        const auto amp = query.find('&');
        const auto pair = query.substr(0, amp);
        const auto name = pair.substr(0, pair.find('='));
        if (std::find(r.query_names.begin(), r.query_names.end(), name) == r.query_names.end()) {
            return false;
        }
        query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    }
    return true;
}

std::string expand_raw(std::string_view text, const std::vector<capture>& captures) {
    return expand(text, captures, [](std::string_view raw) { return result<std::string>(std::string(raw)); }).value();
}

result<std::string> expand_key(std::string_view text, const std::vector<capture>& captures, authorize::key_form form) {
    auto key = expand(text, captures, [](std::string_view raw) -> result<std::string> {
        if (raw.size() > 3 * max_key_size) { // "%41": nothing so long is worth decoding
            return error{errc::bad_request, error_source::client, false, "key"};
        }
        return percent_decode(raw);
    });
    if (key && (key.value().empty() || key.value().size() > max_key_size ||
                !authorize::has_safe_segments(key.value(), form))) {
        return error{errc::bad_request, error_source::client, false, "key"};
    }
    return key;
}

} // namespace sluice::media
