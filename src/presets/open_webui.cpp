// Open WebUI's rules as the phases of a request ask for them. The rules themselves are pure functions, a file each.
#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/presets/open_webui_changes.hpp>
#include <sluice/presets/open_webui_copy.hpp>
#include <sluice/presets/open_webui_key.hpp>
#include <sluice/presets/open_webui_presentation.hpp>
#include <sluice/presets/presets.hpp>

#include <algorithm>

namespace sluice::presets {

namespace {

using authorize::json_pointer_reader;

class open_webui_rules final : public authorize::preset {
public:
    bool takes(const http::target_parts& target, std::string_view capture) const override {
        return is_uuid(capture) && open_webui_form(target.path, target.query);
    }

    std::optional<std::string> copy_of(std::string_view target) const override { return open_webui_copy(target); }

    std::optional<authorize::object_place> find_object(const authorize::protected_route& route,
                                                       std::string_view named) const override {
        if (route.settings.preset_bucket != config::preset_bucket::configured) {
            return authorize::place_from_uri(named, route.places, route.own_place);
        }
        const auto key = route.places.empty() ? std::nullopt : open_webui_key(route.places.front().kind, named);
        return key ? authorize::place_in_store(*key, route.places) : std::nullopt;
    }

    /// All but what it serves as it lies on its disk. What we do not understand may be a copy.
    bool shares_copy(const authorize::protected_route& route, const std::optional<std::string>& named) const override {
        const bool any_last_segment =
            std::ranges::any_of(route.places, [](const authorize::store_place& p) { return p.kind == "azure"; });
        return !named || named->find("://") != std::string::npos || any_last_segment;
    }

    bool present(authorize::authorization& g, std::string_view key, std::string_view target,
                 const authorize::json_pointer_reader& values) const override {
        if (values.kind_of(authorize::at_filename) == authorize::json_pointer_reader::kind::null ||
            values.kind_of(authorize::at_needed) != authorize::json_pointer_reader::kind::other) {
            return false; // the app itself fails there, and is to say so
        }
        const auto parts = http::split_target(target);
        const auto form = open_webui_form(parts.path, parts.query);
        const auto shown = form ? open_webui_presentation(*form, key, values.value(authorize::at_filename),
                                                          values.value(authorize::at_fallback),
                                                          values.value(authorize::at_content_type))
                                : std::nullopt;
        if (!shown) {
            return false;
        }
        g.content_type = shown->content_type;
        g.says_disposition = true;
        g.content_disposition = shown->content_disposition;
        return true;
    }

    std::string_view all_resources() const noexcept override { return open_webui::all_files; }
    std::string_view resource_prefix() const noexcept override { return open_webui::files; }

    authorize::app_change change_of(std::string_view method, std::string_view path) const override {
        return {path == open_webui::all_files, open_webui::reach_of(method, path),
                method == "POST" && open_webui::content_names_files(path)};
    }

    std::size_t max_content() const noexcept override { return open_webui::most_content; }
    std::vector<std::string> named_in(std::string_view content) const override {
        return open_webui::named_files(content);
    }
};

} // namespace

const authorize::preset* rules_of(config::preset which) noexcept {
    static const open_webui_rules open_webui;
    return which == config::preset::open_webui ? &open_webui : nullptr;
}

} // namespace sluice::presets
