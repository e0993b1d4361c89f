#pragma once

#include <sluice/base/async_event.hpp>

#include <boost/intrusive/list.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::media {

/// Lets one at a time pass under each name, in the order in which they came. From any thread, for all workers.
///
/// A place is left by its end, whatever brings that about, and the next one's turn has then come. There are as many
/// names as somebody stands under.
class turns {
    using hook = boost::intrusive::list_base_hook<>;

public:
    /// Stands in the line of a name as long as it lives. To end before its `turns` do.
    class [[nodiscard]] place : public hook {
    public:
        /// At the line's end. `wake` is notified when the turn has come; not where it is there at once.
        place(turns& owner, const std::string& name, std::shared_ptr<event> wake);
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        ~place();

        [[nodiscard]] bool has_turn() const;
        /// Whether others stand behind it.
        [[nodiscard]] bool is_awaited() const;

    private:
        friend class turns;
        turns& owner_;
        std::shared_ptr<event> wake_;
        std::map<std::string, boost::intrusive::list<place>, std::less<>>::iterator line_;
    };

    /// The names that somebody stands under.
    [[nodiscard]] std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, boost::intrusive::list<place>, std::less<>> lines_;
};

} // namespace sluice::media
