#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/target.hpp>

#include <algorithm>

namespace sluice::authorize {

std::string resource_path(std::string_view target) {
    const auto raw = http::split_target(target).path;
    const auto decoded = percent_decode(raw);
    std::string_view rest = decoded ? std::string_view(decoded.value()) : raw;
    std::string out;
    while (!rest.empty()) {
        const auto whole = rest.substr(0, rest.find('/'));
        const auto segment = whole.substr(0, whole.find(';')); // not in `rest`: linear in a client's path of any length
        rest.remove_prefix(std::min(whole.size() + 1, rest.size()));
        if (segment == "..") {
            out.resize(out.empty() ? 0 : out.rfind('/'));
        } else if (!segment.empty() && segment != ".") {
            out.append("/").append(segment);
        }
    }
    return out.empty() ? "/" : out;
}

std::vector<std::string_view> with_ancestors(std::string_view path) {
    std::vector<std::string_view> names{path};
    std::size_t segments = 0;
    for (auto slash = path.find('/', 1); slash != std::string_view::npos && segments < max_ancestors; ++segments) {
        names.push_back(path.substr(0, slash));
        slash = path.find('/', slash + 1);
    }
    std::reverse(names.begin() + 1, names.end());
    return names;
}

} // namespace sluice::authorize
