#include <sluice/config/json_pointer.hpp>
#include <sluice/config/text.hpp>

#include <cstddef>

namespace sluice::config {

result<std::vector<std::string>> parse_json_pointer(std::string_view text) {
    if (!text.starts_with('/')) {
        return bad("must be a JSON pointer that begins with /, as in /meta/name");
    }
    if (text.size() > 1024 || has_control(text) || !is_utf8(text)) {
        return bad("must not hold control characters or more than 1024 bytes");
    }
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/') {
            tokens.emplace_back();
        } else if (text[i] != '~') {
            tokens.back().push_back(text[i]);
        } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
            tokens.back().push_back(text[i + 1] == '0' ? '~' : '/');
            ++i;
        } else {
            return bad("has a ~ that is neither ~0 nor ~1");
        }
    }
    if (tokens.size() > 16) {
        return bad("has more than 16 parts");
    }
    return tokens;
}

} // namespace sluice::config
