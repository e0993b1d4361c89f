#include <sluice/http/target.hpp>

namespace sluice::http {
target_parts split_target(std::string_view target) noexcept {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos)
        return {target, {}, false};
    return {target.substr(0, mark), target.substr(mark + 1), true};
}

bool is_media_safe_path(std::string_view raw_path) noexcept {
    if (!raw_path.starts_with('/'))
        return false;
    utf8_validator utf8;
    std::size_t length = 0; // of the current segment, decoded
    std::size_t dots = 0;   // in it
    const auto is_dot_segment = [&] { return dots == length && (dots == 1 || dots == 2); };
    for (std::size_t i = 1; i < raw_path.size(); ++i) {
        auto byte = static_cast<unsigned char>(raw_path[i]);
        if (byte == '/') {
            if (length == 0 || is_dot_segment() || !utf8.complete())
                return false;
            length = dots = 0;
            continue;
        }
        if (byte <= 0x20 || byte >= 0x7f || byte == '?' || byte == '#')
            return false;
        if (byte == '%') {
            const int decoded = percent_escape_at(raw_path, i);
            if (decoded < 0 || decoded == '/')
                return false;
            byte = static_cast<unsigned char>(decoded);
            i += 2;
        }
        if (byte == '\\' || byte == ';' || byte < 0x20 || byte == 0x7f || !utf8.feed(byte))
            return false;
        ++length;
        if (byte == '.')
            ++dots;
    }
    return !is_dot_segment() && utf8.complete() && !utf8.saw_control();
}

} // namespace sluice::http
