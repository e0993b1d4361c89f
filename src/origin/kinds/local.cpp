#include <sluice/config/mapping.hpp>
#include <sluice/origin/kinds/local.hpp>

#include <boost/json.hpp>

#include <array>

namespace sluice::origin {

namespace {

constexpr std::array<std::string_view, 2> settings{"root", "copy"};

/// The root without "/" at its end, unless it is "/" itself.
std::string directory_of(const config::store& s) {
    std::string root = s.root;
    while (root.size() > 1 && root.ends_with('/')) {
        root.pop_back();
    }
    return root;
}

class local_stores final : public store_kind {
public:
    local_stores()
        : store_kind({"local", config::key_form::tree, true, settings, {}}) {}

    void read(config::reading& /*r*/, config::mapping& m, config::store& s) const override {
        if (m.need("root") != nullptr) {
            const auto* at = m.read_path("root", s.root);
            if (at != nullptr && s.root.empty()) {
                m.wrong("root", *at, "must not be empty");
            }
        }
        m.read_bool("copy", s.copy);
    }

    void redact(const config::store& s, boost::json::object& out) const override {
        out["root"] = s.root;
        out["copy"] = s.copy;
    }

    [[nodiscard]] uri_forms uris(const config::store& s) const override {
        const std::string root = directory_of(s);
        const std::string base = root == "/" ? root : root + "/";
        uri_forms forms{{}, "file://" + s.root + "/", base};
        if (base.starts_with('/') && !root.empty()) { // apps name files by absolute paths
            forms.accepted.push_back(base);
        }
        return forms;
    }

    [[nodiscard]] std::string identity(const config::store& s, std::string_view /*who*/, std::string_view /*location*/,
                                       const identity::environment& /*env*/) const override {
        return "local|" + s.root;
    }
};

} // namespace

const store_kind& local_kind() noexcept {
    static const local_stores kind;
    return kind;
}

} // namespace sluice::origin
