// What another kind of store needs: a class and a place in the table. This one is registered through the table alone.
#include <sluice/config/address.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/store_settings.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/kinds/table.hpp>
#include <sluice/origin/store.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <variant>
#include <vector>

using namespace sluice;

namespace {

/// What stores of the kind have beside what all have.
struct shelf_settings : config::own_settings {
    std::string shelf;
    secret pass;
};

const shelf_settings& own(const config::store& s) {
    return dynamic_cast<const shelf_settings&>(*s.own);
}

result<std::string> parse_shelf(std::string_view text) {
    return text == "top" || text == "bottom" ? result<std::string>(std::string(text))
                                             : config::bad("must be top or bottom");
}

constexpr auto settings = config::with_request_keys(std::to_array<std::string_view>({"shelf"}));
constexpr auto credentials = std::to_array<std::string_view>({"pass"});
constexpr config::store_traits traits_of_shelves{"shelf", config::key_form::flat, false, settings, credentials};

/// Says what it signs.
class shelf_signer final : public sign::signer {
public:
    awaitable<result<sign::signed_request>> sign(std::string_view /*key*/, sign::method /*m*/) override {
        co_return error{errc::sign_failed};
    }
    awaitable<result<sign::signed_request>> presign(net::connection_pool& /*pool*/, std::string_view /*key*/,
                                                    sign::method /*m*/,
                                                    const sign::presign_options& /*options*/) override {
        co_return error{errc::sign_failed};
    }
    void forget(std::string_view /*key*/, sign::method /*m*/) override {}
};

class shelves final : public origin::store_kind {
public:
    shelves()
        : store_kind(traits_of_shelves) {}

    void read(config::reading& r, config::mapping& m, config::store& s) const override {
        auto mine = std::make_shared<shelf_settings>();
        if (m.need("shelf") != nullptr) {
            m.read("shelf", mine->shelf, parse_shelf);
        }
        read_endpoint(m, config::parse_base_url, s);
        read_requests(m, s);
        if (const auto* value = read_credentials_of(r, m, s)) {
            config::mapping keys(r, *value, m.full("credentials"));
            refuse_other_credentials(r, keys, traits());
            read_key(keys, "pass", mine->pass);
            keys.finish();
        }
        s.own = std::move(mine);
    }

    void redact(const config::store& s, boost::json::object& out) const override { out["shelf"] = own(s).shelf; }

    [[nodiscard]] boost::json::value redact_credentials(const config::store& s) const override {
        return boost::json::object{{"pass", config::redacted(own(s).pass.reveal())}};
    }

    [[nodiscard]] origin::capabilities capabilities() const override { return {.suffix_ranges = false}; }

    [[nodiscard]] origin::uri_forms uris(const config::store& s) const override {
        return origin::bucket_uris("shelf", own(s).shelf);
    }

    [[nodiscard]] std::string identity(const config::store& s, std::string_view who, std::string_view /*location*/,
                                       const identity::environment& /*env*/) const override {
        return origin::bucket_identity(s, s.endpoint->text(), who, "none") + own(s).shelf;
    }

    [[nodiscard]] sign::signing make_signing(const config::store& /*s*/, const identity::environment& /*env*/,
                                             wall_clock /*clock*/) const override {
        return {std::make_unique<shelf_signer>(), {}, "reader"};
    }
};

/// The table with one kind more.
config::store_kinds five_kinds() {
    static const shelves fifth;
    static const auto kinds = [] {
        const auto known = origin::store_kinds();
        std::vector<const config::store_kind*> all(known.begin(), known.end());
        all.push_back(&fifth);
        return all;
    }();
    return kinds;
}

config::loaded load(const std::string& store, config::store_kinds kinds = five_kinds()) {
    config::load_options options;
    options.automatic_workers = 1;
    return config::load_text("app: {url: \"http://127.0.0.1:3000\"}\nstores:\n  mine: {" + store + "}\n", "f", kinds,
                             options);
}

/// Of a configuration that does not load, a line each.
std::string wrong_in(const std::string& store, config::store_kinds kinds = five_kinds()) {
    std::string lines;
    const auto loaded = load(store, kinds);
    if (const auto* all = std::get_if<std::vector<config::diagnostic>>(&loaded)) {
        for (const auto& each : *all) {
            lines += config::to_string(each) + "\n";
        }
    }
    return lines;
}

const std::string good = "type: shelf, shelf: top, endpoint: \"https://shelf.example\", prefix: a//, "
                         "credentials: {pass: opensesame}";

} // namespace

BOOST_AUTO_TEST_SUITE(fifth_kind)

BOOST_AUTO_TEST_CASE(its_settings_are_read_and_redacted) {
    const auto loaded = load(good);
    BOOST_REQUIRE(std::holds_alternative<config::config>(loaded));
    const auto& c = std::get<config::config>(loaded);
    const auto& s = c.stores.at("mine");
    BOOST_TEST(s.kind->traits().name == "shelf");
    BOOST_TEST(s.prefix == "a//"); // its keys are flat
    BOOST_TEST(own(s).pass.reveal() == "opensesame");
    const auto shown = boost::json::parse(config::redacted_json(c)).at("stores").at("mine");
    BOOST_TEST(shown.at("type").as_string() == "shelf");
    BOOST_TEST(shown.at("shelf").as_string() == "top");
    BOOST_TEST(shown.at("endpoint").as_string() == "https://shelf.example");
    BOOST_TEST(boost::json::serialize(shown.at("credentials")) == R"({"pass":"***"})");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_place) {
    BOOST_TEST(wrong_in("type: shelf, shelf: side") == "f:3:30: error: \"stores.mine.shelf\" must be top or bottom\n");
    BOOST_TEST(wrong_in("type: shelf") == "f:3:9: error: \"stores.mine.shelf\" is missing\n");
    // Keys of its own are known to the other kinds, and theirs to it.
    BOOST_TEST(wrong_in("type: local, root: /srv, shelf: top") ==
               "f:3:42: error: \"stores.mine.shelf\" means nothing in a store of type local\n");
    BOOST_TEST(wrong_in("type: shelf, shelf: top, region: r") ==
               "f:3:43: error: \"stores.mine.region\" means nothing in a store of type shelf\n");
    BOOST_TEST(wrong_in("type: shelf, shelf: top, credentials: {pass: p, hmac_id: h}") ==
               "f:3:67: error: \"stores.mine.credentials.hmac_id\" means nothing in a store of type shelf\n");
    BOOST_TEST(wrong_in("type: s3, bucket: b, credentials: {access_key_id: a, secret_access_key: s, pass: p}") ==
               "f:3:91: error: \"stores.mine.credentials.pass\" means nothing in a store of type s3\n");
    BOOST_TEST(wrong_in("type: ftp") ==
               "f:3:16: error: \"stores.mine.type\" must be one of s3, gcs, azure, local, shelf\n");
    BOOST_TEST(wrong_in(good, origin::store_kinds()) ==
               "f:3:16: error: \"stores.mine.type\" must be one of s3, gcs, azure, local\n");
}

BOOST_AUTO_TEST_CASE(a_store_of_it_has_all_that_others_have) {
    const auto loaded = load(good);
    const auto& settings_read = std::get<config::config>(loaded).stores.at("mine");
    metrics::metrics counters;
    origin::store s{settings_read, {}, counters.store("mine")};
    BOOST_TEST(!s.is_local());
    BOOST_TEST(!s.capabilities().suffix_ranges);
    BOOST_TEST(s.capabilities().generation_field == "");
    BOOST_TEST(s.uri_prefix() == "shelf://top/");
    // printf reader | sha256sum
    BOOST_TEST(s.identity() == "shelf|https://shelf.example|keyed|"
                               "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30|top");
    BOOST_TEST(s.signer() != nullptr);
    BOOST_TEST(s.refreshables().empty());
    BOOST_TEST(origin::kind_of(settings_read).fixed_credentials(settings_read) ==
               "the credentials of the configuration");
}

BOOST_AUTO_TEST_CASE(a_store_without_a_kind_is_refused) {
    const config::store none;
    BOOST_TEST(!config::is_local(none));
    BOOST_CHECK_THROW((void)origin::kind_of(none), std::invalid_argument);
    BOOST_CHECK_THROW((void)origin::make_signing(none), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_table_has_each_kind_once) {
    std::vector<std::string_view> names;
    for (const auto* kind : origin::store_kinds()) {
        names.push_back(kind->traits().name);
        BOOST_TEST(dynamic_cast<const origin::store_kind*>(kind) != nullptr);
    }
    const std::vector<std::string_view> wanted{"s3", "gcs", "azure", "local"};
    BOOST_TEST(names == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
