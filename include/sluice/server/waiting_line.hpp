#pragma once

#include <boost/intrusive/list.hpp>

namespace sluice::server {

/// Connections that may be closed to make room, the one that has waited longest first. On one thread.
class waiting_line {
    using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    struct node : hook {
        void (*close)(void*){nullptr};
        void* who{nullptr};
    };

public:
    /// Where a new entry stands: to be closed after all others, or before them.
    enum class place { last, first };

    /// In the line as long as it exists, or until it is closed. `close(who)` closes the connection, and must not
    /// destroy this object: the connection's coroutine does later.
    class [[nodiscard]] entry {
    public:
        entry(waiting_line& line, void (*close)(void*), void* who, place where = place::last) {
            node_.close = close;
            node_.who = who;
            where == place::last ? line.nodes_.push_back(node_) : line.nodes_.push_front(node_);
        }
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

    private:
        node node_;
    };

    /// Closes the one that has waited longest and takes it out. False where there is none.
    bool close_oldest() {
        if (nodes_.empty()) {
            return false;
        }
        node& n = nodes_.front();
        nodes_.pop_front();
        n.close(n.who);
        return true;
    }
    /// Closes all of them, the one that has waited longest first.
    void close_all() {
        while (close_oldest()) {
        }
    }

private:
    boost::intrusive::list<node, boost::intrusive::constant_time_size<false>> nodes_;
};

} // namespace sluice::server
