#include <sluice/commands/cache_volume.hpp>
#include <sluice/config/units.hpp>

#include <sys/statvfs.h>

#include <filesystem>

namespace sluice::commands {

std::vector<std::string> limits_beyond_volume(const config::cache& c, std::uint64_t volume_size) {
    std::vector<std::string> lines;
    constexpr std::uint64_t mib = 1024UL * 1024;
    const auto whole = volume_size < mib ? volume_size : volume_size / mib * mib; // as one reads it
    const auto say = [&](std::string_view key, std::uint64_t value, std::string_view consequence) {
        lines.push_back("cache." + std::string(key) + " is " + config::format_size(value) + ", but the volume of " +
                        c.directory + " has " + config::format_size(whole) + " in all: " + std::string(consequence));
    };
    if (c.min_free >= volume_size) {
        say("min_free", c.min_free, "nothing will be cached");
    }
    if (c.max_size > volume_size) {
        say("max_size", c.max_size, "only min_free will bound the cache");
    }
    return lines;
}

std::vector<std::string> limits_beyond_volume(const config::cache& c) {
    if (c.directory.empty()) {
        return {};
    }
    // What is not there yet will be made on the volume of the nearest directory that is.
    struct statvfs volume {};
    std::filesystem::path at(c.directory);
    while (statvfs(at.c_str(), &volume) != 0) {
        const auto parent = at.has_parent_path() ? at.parent_path() : std::filesystem::path(".");
        if (parent == at) {
            return {};
        }
        at = parent;
    }
    return limits_beyond_volume(c, std::uint64_t{volume.f_blocks} * volume.f_frsize);
}

} // namespace sluice::commands
