#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// What the benchmark's origin counts between two resets.
struct origin_counters {
    std::uint64_t requests{0};
    std::uint64_t body_bytes{0};
    std::uint64_t connections{0};
    std::uint64_t cut_short{0}; ///< connections closed by the client within an answer
    std::uint64_t in_flight{0};
    std::uint64_t most_in_flight{0};
    std::map<std::string, std::uint64_t> object_bytes; ///< the share of each object in `body_bytes`
    std::vector<std::string> log;                      ///< "206 /path bytes=0-1", at most 200

    [[nodiscard]] std::string json() const {
        std::string text = "{\"requests\":" + std::to_string(requests);
        text += ",\"body_bytes\":" + std::to_string(body_bytes);
        text += ",\"connections\":" + std::to_string(connections);
        text += ",\"cut_short\":" + std::to_string(cut_short);
        text += ",\"most_in_flight\":" + std::to_string(most_in_flight);
        text += ",\"object_bytes\":{"; // names and paths of our own tests: nothing to escape
        for (const auto& [name, bytes] : object_bytes) {
            text += (text.back() == '{' ? "\"" : ",\"") + name + "\":" + std::to_string(bytes);
        }
        text += "},\"log\":[";
        for (const auto& line : log) {
            text += (text.back() == '[' ? "\"" : ",\"") + line + "\"";
        }
        return text + "]}\n";
    }
};

} // namespace bench
