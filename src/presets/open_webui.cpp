// Open WebUI's rules, a method for each question of a phase. The rules themselves are pure functions, a file each.
#include "open_webui.hpp"

#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/presets/open_webui_changes.hpp>
#include <sluice/presets/open_webui_key.hpp>
#include <sluice/presets/open_webui_presentation.hpp>
#include <sluice/presets/open_webui_serialized.hpp>

#include <algorithm>

namespace sluice::presets {

namespace {

class open_webui_preset final : public authorize::preset {
public:
    bool accepts(const http::target_parts& target, std::string_view capture) const override {
        return is_uuid(capture) && open_webui_form(target.path, target.query);
    }

    std::optional<std::string> serialized_resource(std::string_view target) const override {
        return open_webui_serialized_file(target);
    }

    std::optional<authorize::object_ref> find_object(const authorize::protected_route& route,
                                                     std::string_view named) const override {
        if (route.settings.preset_bucket != config::preset_bucket::configured) {
            return authorize::object_from_uri(named, route.locations, route.own_location);
        }
        const auto key = route.locations.empty() ? std::nullopt : open_webui_key(route.locations.front().kind, named);
        return key ? authorize::object_in_store(*key, route.locations) : std::nullopt;
    }

    /// It copies a file of a store to its disk, and serves the copy. Only what it keeps on its disk anyway is served
    /// from where it lies; what we do not understand may be a copy. In an Azure store a name without a scheme is a key
    /// too.
    bool must_serialize(const authorize::protected_route& route,
                        const std::optional<std::string>& named) const override {
        const bool any_last_segment =
            std::ranges::any_of(route.locations, [](const authorize::store_location& p) { return p.kind == "azure"; });
        return !named || named->find("://") != std::string::npos || any_last_segment;
    }

    bool present(authorize::authorization& a, std::string_view key, std::string_view target,
                 const authorize::json_pointer_reader& values) const override {
        if (values.kind_of(authorize::at_filename) == authorize::json_pointer_reader::kind::null ||
            values.kind_of(authorize::at_needed) != authorize::json_pointer_reader::kind::other) {
            return false; // the app fails on such a file, and is to respond so
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
        a.content_type = shown->content_type;
        a.has_disposition = true;
        a.content_disposition = shown->content_disposition;
        return true;
    }

    std::string_view all_resources() const noexcept override { return open_webui::all_files; }
    std::string_view resource_prefix() const noexcept override { return open_webui::files; }

    authorize::app_change change_of(std::string_view method, std::string_view path) const override {
        return {path == open_webui::all_files, open_webui::scope_of(method, path),
                method == "POST" && open_webui::content_names_files(path)};
    }

    std::size_t max_content() const noexcept override { return open_webui::max_content; }
    std::vector<std::string> resources_in(std::string_view content) const override {
        return open_webui::named_files(content);
    }
};

} // namespace

const authorize::preset& open_webui_rules() noexcept {
    static const open_webui_preset rules;
    return rules;
}

} // namespace sluice::presets
