#include <sluice/metrics/outcome.hpp>

namespace sluice::metrics {

std::string_view to_string(outcome o) noexcept {
    switch (o) {
    case outcome::hit:
        return "hit";
    case outcome::partial:
        return "partial";
    case outcome::miss:
        return "miss";
    case outcome::stale:
        return "stale";
    case outcome::revalidated:
        return "revalidated";
    case outcome::bypass:
        return "bypass";
    case outcome::local:
        return "local";
    case outcome::fallback:
        return "fallback";
    case outcome::redirect:
        return "redirect";
    case outcome::denied:
        return "denied";
    case outcome::relay:
        return "relay";
    }
    return "relay";
}

} // namespace sluice::metrics
