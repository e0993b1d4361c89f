#include <sluice/base/mutex.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

namespace sluice::testing {

namespace {

struct mailbox {
    mutex guard;
    condition_variable changed;
    int letters GUARDED_BY(guard){0};
};

} // namespace

BOOST_AUTO_TEST_SUITE(mutexes)

BOOST_AUTO_TEST_CASE(a_lock_is_held_to_its_end_but_for_what_is_between_unlock_and_lock) {
    mutex m;
    const auto is_free = [&m] { // asked by another thread: one's own lock is not to be tried
        bool got = false;
        std::thread([&m, &got] {
            if (m.try_lock()) {
                got = true;
                m.unlock();
            }
        }).join();
        return got;
    };
    {
        mutex_lock lock(m);
        BOOST_TEST(!is_free());
        lock.unlock();
        BOOST_TEST(is_free());
        lock.lock();
        BOOST_TEST(!is_free());
    }
    BOOST_TEST(is_free());
}

BOOST_AUTO_TEST_CASE(who_waits_lets_go_and_holds_it_again) {
    mailbox box;
    std::thread sender([&box] {
        const mutex_lock lock(box.guard);
        box.letters = 1;
        box.changed.notify_one();
    });
    {
        mutex_lock lock(box.guard);
        while (box.letters == 0) {
            box.changed.wait(lock);
        }
        BOOST_TEST(box.letters == 1);
        const auto passed = std::chrono::steady_clock::now();
        BOOST_TEST((box.changed.wait_until(lock, passed) == std::cv_status::timeout));
    }
    sender.join();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
