// Decisions against a model of them: random interleavings of questions, answers, early ends, renewals and changes.
#include <sluice/authorize/decision_cache.hpp>
#include <sluice/authorize/resource_path.hpp>

#include <boost/test/unit_test.hpp>

#include <iterator>
#include <list>
#include <map>
#include <random>
#include <set>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using authorize::decision_cache;
using authorize::decision_tags;

struct kept_there {
    std::string value;
    steady_clock::time_point until;
    decision_tags about;
};

struct on_its_way {
    std::string name; // of the caller and what it wants
    decision_tags about;
    decision_cache::insert_token asking;
    bool outdated{false};
};

struct world {
    explicit world(std::uint64_t seed)
        : random(seed) {}

    std::mt19937_64 random;
    decision_cache real{64UL << 20U};
    steady_clock::time_point now{steady_clock::now()};
    std::map<std::string, kept_there> model{};
    std::list<on_its_way> asking{};
    std::uint64_t answers{0};
    std::uint64_t found{0};
    std::uint64_t dropped{0};

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }

    static decision_tags about(std::size_t what) {
        const auto id = std::to_string(what);
        // Some are asked of one place for several media, some have a name for all of them.
        return {"/api/" + std::to_string(what / 2), "/media/" + id, what % 3 == 0 ? "/api/all" : ""};
    }
    static bool concerns(const decision_tags& s, const std::set<std::string>& changed) {
        return changed.contains(s.subrequest_path) || changed.contains(s.request_path) ||
               changed.contains(s.all_resources);
    }

    void ask() {
        const auto what = below(12);
        const auto name = "caller " + std::to_string(below(5)) + " wants " + std::to_string(what);
        asking.push_back({name, about(what), real.begin(about(what))});
    }
    void land() {
        if (asking.empty()) {
            return;
        }
        const auto it = std::next(asking.begin(), static_cast<std::ptrdiff_t>(below(asking.size())));
        if (below(4) != 0) { // else the app said no, or nothing
            authorize::authorization g;
            g.key = it->name + " #" + std::to_string(++answers);
            const auto until = now + std::chrono::milliseconds(1 + below(2000));
            if (!it->outdated) {
                model.insert_or_assign(it->name, kept_there{g.key, until, it->about});
            }
            real.insert(it->asking, real.key_of(it->name),
                        std::make_shared<const authorize::authorization>(std::move(g)), until, now);
        }
        asking.erase(it);
    }
    void change() {
        static const std::vector<std::string> targets{"/api/%31?x", "/api/2/",        "/api/3/update/x", "/media/7",
                                                      "/media/8/",  "/api/all",       "/other",          "/api",
                                                      "/",          "/media//9;v=1/", "/api/1/../4"};
        const auto path = authorize::resource_path(targets[below(targets.size())]);
        const auto names = authorize::with_ancestors(path);
        real.invalidate(names);
        const std::set<std::string> changed(names.begin(), names.end());
        dropped += std::erase_if(model, [&](const auto& each) { return concerns(each.second.about, changed); });
        for (auto& each : asking) {
            each.outdated = each.outdated || concerns(each.about, changed);
        }
    }
    void look() {
        const auto name = "caller " + std::to_string(below(5)) + " wants " + std::to_string(below(12));
        const auto got = real.find(real.key_of(name), now);
        const auto it = model.find(name);
        const bool there = it != model.end() && now < it->second.until;
        BOOST_TEST_REQUIRE((got != nullptr) == there, name);
        if (there) {
            ++found;
            BOOST_TEST_REQUIRE(got->key == it->second.value);
        }
    }
    void step() {
        switch (below(10)) {
        case 0:
        case 1:
            return ask();
        case 2:
        case 3:
            return land();
        case 4:
            return below(4) == 0 ? change() : look();
        case 5:
            now += std::chrono::milliseconds(below(200));
            return below(3) == 0 ? real.expire(now) : void();
        default:
            return look();
        }
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(decisions_model)

BOOST_AUTO_TEST_CASE(nobody_elses_none_that_a_change_names_and_none_lost) {
    const std::uint64_t first = std::random_device()();
    for (std::uint64_t seed = first; seed < first + 20; ++seed) {
        BOOST_TEST_MESSAGE("seed " << seed);
        world w(seed);
        BOOST_TEST_CONTEXT("seed " << seed) {
            for (int i = 0; i < 5000; ++i) {
                w.step();
            }
            BOOST_TEST(w.found > 100U);
            BOOST_TEST(w.dropped > 20U);
            w.asking.clear();
            w.real.expire(w.now + 1h);
            BOOST_TEST(w.real.bytes() == 0U);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
