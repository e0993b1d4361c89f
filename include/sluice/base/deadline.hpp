#pragma once

#include <sluice/base/asio.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class deadline;

/// `app.response_timeout (60s) ran out`: for the detail of an error.
[[nodiscard]] std::string timeout_text(std::string_view setting, std::chrono::milliseconds d);

/// Checks all deadlines of one worker at a coarse period, instead of a timer for each operation (re-arming a timer
/// costs more than the request that it guards). A deadline fires at most `period` late.
///
/// All members are called on the worker's thread only; before `run` began, on the thread that sets the worker up.
class deadline_service {
public:
    /// How often deadlines are looked at: one may be noticed so much later.
    static constexpr std::chrono::milliseconds period{50};

    /// `ex`: of the worker whose deadlines these are.
    explicit deadline_service(executor ex);
    deadline_service(const deadline_service&) = delete;
    deadline_service& operator=(const deadline_service&) = delete;

    /// Runs until `stop`; spawned once per worker.
    awaitable<void> run();
    /// No deadline is noticed any more, nor a tick.
    void stop();

    /// Calls `f` at every tick while `run` goes on; for work that may be late, such as flushing buffers. There is no
    /// way to take it back.
    void on_tick(std::function<void()> f);

    /// The time of the last tick: at most `period` old and free to read.
    [[nodiscard]] steady_clock::time_point now() const noexcept { return now_; }

private:
    friend class deadline;
    [[nodiscard]] bool is_current() noexcept;
    using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    struct node : hook {
        steady_clock::time_point expires{steady_clock::time_point::max()};
        void (*cancel)(void*){nullptr};
        void* context{nullptr};
        bool expired{false};
    };

    steady_timer timer_;
    boost::intrusive::list<node, boost::intrusive::constant_time_size<false>> nodes_;
    std::vector<std::function<void()>> ticks_;
    steady_clock::time_point now_{steady_clock::now()};
    bool running_{false};
    bool stopped_{false};
};

/// The one deadline of a connection; the phases of its use move it.
///
/// When it is overdue, `cancel(context)` is called at every tick until it is moved or ended, so that an operation begun
/// just after the first call is cancelled as well. Lives on its worker; must not outlive the service.
class deadline {
public:
    deadline(deadline_service& owner, void (*cancel)(void*), void* context);
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// Due `d` from now; 0 or less: never. `setting`: what `d` is, for `text`; must live forever.
    void expires_after(std::chrono::milliseconds d, std::string_view setting = "the time-out");
    /// Moves the deadline to `t`.
    void expires_at(steady_clock::time_point t);
    /// Never due.
    void clear();
    /// True from the tick that found it overdue until it is moved.
    [[nodiscard]] bool expired() const noexcept { return node_.expired; }
    /// What ran out, for whoever reads the log: of the last `expires_after`.
    [[nodiscard]] std::string text() const { return timeout_text(setting_, length_); }

private:
    deadline_service::node node_;
    std::string_view setting_{"the time-out"};
    std::chrono::milliseconds length_{0};
};

} // namespace sluice
