// Whose bytes cached ones are: what tells two stores apart, and what must not.
#include <sluice/config/cloud_hosts.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/kinds/azure.hpp>
#include <sluice/origin/kinds/gcs.hpp>
#include <sluice/origin/kinds/local.hpp>
#include <sluice/origin/kinds/s3.hpp>
#include <sluice/sign/crypto.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

using namespace sluice;
using namespace sluice::origin;

namespace {

config::url url_of(std::string host, bool tls = true) {
    return {tls, std::move(host), static_cast<std::uint16_t>(tls ? 443 : 80), ""};
}

config::store s3(std::string endpoint_host = {}) {
    config::store s;
    s.kind = &s3_kind();
    s.name = "any";
    s.bucket = "media";
    s.region = "eu-central-1";
    if (!endpoint_host.empty()) {
        s.endpoint = url_of(std::move(endpoint_host));
    }
    return s;
}

std::string of(const config::store& s, std::string_view who = {}, std::map<std::string, std::string> variables = {}) {
    return kind_of(s).identity(s, who, "storage.googleapis.com/media", [variables](std::string_view name) {
        const auto at = variables.find(std::string(name));
        return at == variables.end() ? std::nullopt : std::optional(at->second);
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(store_identity)

BOOST_AUTO_TEST_CASE(clouds_own_hosts_are_known_and_customers_machines_below_them_are_not) {
    for (const auto* host :
         {"s3.eu-central-1.amazonaws.com", "media.s3.eu-central-1.amazonaws.com", "s3.amazonaws.com",
          "s3-us-west-2.amazonaws.com", "s3.dualstack.eu-west-1.amazonaws.com", "s3-fips.us-gov-west-1.amazonaws.com",
          "s3-accelerate.dualstack.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn",
          "bucket.vpce-1a2b-5.s3.us-east-1.vpce.amazonaws.com", "storage.googleapis.com", "media.blob.core.windows.net",
          "media.z12.blob.storage.azure.net"}) {
        BOOST_TEST(config::is_clouds_own(url_of(host)), host);
    }
    for (const auto* host :
         {"s3.example", "127.0.0.1", "s3.amazonaws.com.example", "amazonaws.com", "xs3.amazonaws.com.evil",
          "s3-mine-123.eu-central-1.elb.amazonaws.com", "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com",
          "s3-x.eu-central-1.compute.amazonaws.com", "x.execute-api.eu-central-1.amazonaws.com",
          "googleapis.com.example", "evilgoogleapis.com", "media.blob.core.windows.net.example", "127.0.0.1:10000"}) {
        BOOST_TEST(!config::is_clouds_own(url_of(host)), host);
    }
}

BOOST_AUTO_TEST_CASE(each_part_tells_stores_apart) {
    std::set<std::string> all;
    std::size_t made = 0;
    const auto add = [&](const config::store& s, std::string_view who) {
        all.insert(of(s, who));
        ++made;
    };
    add(s3("s3.example"), "AK1");
    add(s3("s3.example"), "AK2");
    auto s = s3("s3.example");
    s.endpoint->tls = false;
    add(s, "AK1");
    s = s3("s3.example");
    s.endpoint->path = "/tenant";
    add(s, "AK1");
    s = s3("s3.example");
    s.anonymous = true;
    add(s, "");
    s = s3("s3.example");
    s.owner = "team";
    add(s, "AK1");
    s = s3("s3.example");
    s.bucket = "media2";
    add(s, "AK1");
    s = s3("s3.example");
    s.kind = &gcs_kind();
    add(s, "AK1");
    s.kind = &azure_kind();
    s.account = "one";
    add(s, "AK1");
    s.account = "two";
    add(s, "AK1");
    add(s3(), "AK1");
    BOOST_TEST(all.size() == made);
}

BOOST_AUTO_TEST_CASE(what_is_renewed_or_only_a_name_does_not) {
    auto s = s3("s3.example");
    const auto before = of(s, "AK1");
    s.name = "renamed";
    s.region = "us-east-1"; // of a server of one's own it is a word in the signature
    s.prefix = "films/";
    s.credentials = config::static_keys{"AK1", secret("another"), {}};
    BOOST_TEST(of(s, "AK1") == before);
    // On the cloud's own endpoint a bucket is one bucket, whoever reads it.
    BOOST_TEST(of(s3(), "AK1") == of(s3(), "AK2"));
    BOOST_TEST(of(s3("s3.eu-central-1.amazonaws.com"), "AK1") == of(s3("s3.eu-central-1.amazonaws.com")));
    // What the chain finds: a key id of the environment or a role stand for somebody, temporary keys do not.
    const auto chain = s3("s3.example");
    BOOST_TEST(of(chain, "", {{"AWS_ACCESS_KEY_ID", "AK1"}}) == before);
    BOOST_TEST(of(chain, "", {{"AWS_ACCESS_KEY_ID", "AS1"}, {"AWS_SESSION_TOKEN", "t"}}) == of(chain));
    BOOST_TEST(of(chain, "", {{"AWS_ROLE_ARN", "arn:1"}}) != of(chain, "", {{"AWS_ROLE_ARN", "arn:2"}}));
    BOOST_TEST(of(chain).find("AK") == std::string::npos);
    BOOST_TEST(before == "s3|https://s3.example|keyed|" + sign::sha256_hex("AK1") + "|media");
}

// They are on disk, beside every cached object: were any of them another text, what is cached would be lost.
BOOST_AUTO_TEST_CASE(identities_are_those_of_caches_on_disk) {
    const std::string ak1 = "5e2e84497339a607cff12f20eab85a14f7bad4da010e4fedc95381144fa3933d";
    BOOST_TEST(of(s3()) == "s3|aws:eu-central-1|keyed||media");
    BOOST_TEST(of(s3("s3.example"), "AK1") == "s3|https://s3.example|keyed|" + ak1 + "|media");
    BOOST_TEST(of(s3("s3.example")) == "s3|https://s3.example|keyed|default-chain|media");
    BOOST_TEST(of(s3("s3.example"), "", {{"AWS_ROLE_ARN", "AK1"}}) == "s3|https://s3.example|keyed|" + ak1 + "|media");
    auto s = s3();
    s.endpoint = config::url{false, "127.0.0.1", 9000, "/base"};
    s.anonymous = true;
    BOOST_TEST(of(s) == "s3|http://127.0.0.1:9000/base|anonymous||media");
    s.owner = "team";
    BOOST_TEST(of(s) == "s3|http://127.0.0.1:9000/base|anonymous|team|media");

    s = s3();
    s.kind = &gcs_kind();
    BOOST_TEST(of(s, "AK1") == "gcs|https://storage.googleapis.com/media|keyed||media");
    s.endpoint = config::url{false, "127.0.0.1", 4443, ""};
    BOOST_TEST(of(s, "AK1") == "gcs|http://storage.googleapis.com/media|keyed|" + ak1 + "|media");
    BOOST_TEST(of(s) == "gcs|http://storage.googleapis.com/media|keyed|default-chain|media");
    s.credentials = config::gcs_credentials_file{secret("{}")};
    BOOST_TEST(of(s) == "gcs|http://storage.googleapis.com/media|keyed|credentials-file|media");

    s = s3();
    s.kind = &azure_kind();
    s.account = "acct";
    BOOST_TEST(of(s, "acct") == "azure|https://acct.blob.core.windows.net|keyed||acct/media");
    s.endpoint = config::url{false, "127.0.0.1", 10000, "/acct"};
    BOOST_TEST(of(s, "AK1") == "azure|http://127.0.0.1:10000/acct|keyed|" + ak1 + "|acct/media");
    BOOST_TEST(of(s) == "azure|http://127.0.0.1:10000/acct|keyed|default-chain|acct/media");

    s = {};
    s.kind = &local_kind();
    s.root = "/srv/media/";
    BOOST_TEST(of(s) == "local|/srv/media/");
}

BOOST_AUTO_TEST_CASE(another_owner_alone_is_told) {
    auto s = s3("s3.example");
    const auto ours = of(s, "AK1");
    const auto theirs = of(s, "AK2");
    BOOST_TEST(other_owner(ours, theirs).value_or("") == sign::sha256_hex("AK2"));
    BOOST_TEST(!other_owner(ours, ours));
    s.bucket = "b|c";
    BOOST_TEST(!other_owner(ours, of(s, "AK2")));
    s.anonymous = true;
    BOOST_TEST(!other_owner(ours, of(s)));
    BOOST_TEST(!other_owner(ours, "local|/srv"));
    BOOST_TEST(!other_owner(ours, ""));
}

BOOST_AUTO_TEST_SUITE_END()
