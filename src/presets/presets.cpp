#include <sluice/presets/presets.hpp>

#include "open_webui.hpp"

namespace sluice::presets {

const authorize::preset* rules_of(config::preset which) noexcept {
    switch (which) {
    case config::preset::none:
        break;
    case config::preset::open_webui:
        return &open_webui_rules();
    }
    return nullptr;
}

} // namespace sluice::presets
