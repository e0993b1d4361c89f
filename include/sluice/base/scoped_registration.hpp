#pragma once

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace sluice {

/// Keeps a pointer to `item` in `list` for as long as this object exists: waiters, open connections, running fills.
///
/// `List` is a `std::vector`, `std::deque` or `std::list` of pointers. The order of one with random access is not kept
/// (removal costs one move, and the newest are found first). An item that others have removed is left alone; one that
/// is in the list twice is removed once. Both must outlive this object. On one thread only; not to be made or destroyed
/// while the list is iterated.
template <class List>
class [[nodiscard]] scoped_registration {
public:
    /// What the list holds.
    using pointer = typename List::value_type;
    static_assert(std::is_pointer_v<pointer>);

    scoped_registration(List& list, std::remove_pointer_t<pointer>& item)
        : list_(list)
        , item_(&item) {
        list_.push_back(item_);
    }
    scoped_registration(const scoped_registration&) = delete;
    scoped_registration& operator=(const scoped_registration&) = delete;
    ~scoped_registration() {
        const auto it = std::find(list_.rbegin(), list_.rend(), item_);
        if (it == list_.rend()) {
            return;
        }
        if constexpr (std::random_access_iterator<typename List::iterator>) {
            *it = list_.back();
            list_.pop_back();
        } else {
            list_.erase(std::next(it).base());
        }
    }

private:
    List& list_;
    pointer item_;
};

} // namespace sluice
