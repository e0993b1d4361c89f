// What a page is, of what is recorded of it, what happens to it, and which fill has claimed it.
#include <sluice/cache/object.hpp>

#include <algorithm>

namespace sluice::cache {

page_state object::state_of(std::size_t page) const {
    const auto p = table_.at(page);
    if (p.punching || special_.is_punching(page)) {
        return page_state::punching;
    }
    switch (p.state) {
    case block_table::stored::present:
        return page_state::present;
    case block_table::stored::filling:
        return page_state::filling;
    default:
        break;
    }
    if (fills_.claimed_by(page) != nullptr) {
        return page_state::claimed;
    }
    return p.state == block_table::stored::partial ? page_state::partial : page_state::absent;
}

bool object::is_missing(std::size_t page) const {
    const auto state = state_of(page);
    return state == page_state::absent || state == page_state::partial;
}

std::size_t object::next_not_missing(std::size_t first, std::size_t last) const {
    if (special_.is_punching(first)) {
        return first;
    }
    const std::size_t next =
        fills_.next_claimed(first, std::min(last + 1, special_.next_punch(first).value_or(last + 1)));
    return next <= first ? first : table_.next_taken(first, next - 1);
}

bool object::in_use(std::size_t block) const {
    return table_.pinned(block) || special_.is_checked(block);
}

} // namespace sluice::cache
