#pragma once

#include <sluice/session/exchange.hpp>

#include <boost/intrusive/list.hpp>

namespace sluice::server {

/// The exchanges of one worker that have not ended, so that those which are cut off with the process are recorded too.
/// On its thread.
class open_exchanges {
    using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    struct node : hook {
        session::exchange* x{nullptr};
    };

public:
    /// `x` is open as long as this exists.
    class [[nodiscard]] entry {
    public:
        entry(open_exchanges& all, session::exchange& x) {
            node_.x = &x;
            all.nodes_.push_back(node_);
        }
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        node node_;
    };

    /// Calls `f` for each, the oldest first.
    template <std::invocable<session::exchange&> F>
    void for_each(F f) {
        for (auto& each : nodes_) {
            f(*each.x);
        }
    }

private:
    boost::intrusive::list<node, boost::intrusive::constant_time_size<false>> nodes_;
};

} // namespace sluice::server
