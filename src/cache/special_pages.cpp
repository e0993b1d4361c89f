#include <sluice/base/assert.hpp>
#include <sluice/cache/key.hpp>
#include <sluice/cache/special_pages.hpp>

#include <algorithm>
#include <iterator>

namespace sluice::cache {

special_pages::contents& special_pages::make() {
    if (!held_) {
        held_ = std::make_unique<contents>();
    }
    return *held_;
}

void special_pages::drop_empty() noexcept {
    if (held_ && held_->partial.empty() && held_->punching.empty() && held_->checking.empty()) {
        held_.reset();
    }
}

std::optional<std::size_t> special_pages::next_partial(std::size_t page) const {
    if (!held_) {
        return std::nullopt;
    }
    const auto next = held_->partial.lower_bound(page);
    return next == held_->partial.end() ? std::nullopt : std::optional(next->first);
}

void special_pages::add_partial(std::size_t page, std::uint64_t from, std::uint64_t to) {
    auto& intervals = make().partial[page];
    intervals.emplace_back(from, to);
    std::sort(intervals.begin(), intervals.end());
}

void special_pages::keep_partial(std::size_t page) {
    make().partial.try_emplace(page);
}

void special_pages::set_partial(std::size_t page, interval published) {
    make().partial[page] = {published};
}

bool special_pages::erase_partial(std::size_t page) {
    const bool was = held_ && held_->partial.erase(page) != 0;
    drop_empty();
    return was;
}

std::vector<special_pages::interval> special_pages::unpublished(std::uint64_t begin, std::uint64_t end) const {
    std::vector<interval> parts;
    std::uint64_t at = begin;
    if (held_) {
        const auto& partial = held_->partial;
        for (auto it = partial.lower_bound(static_cast<std::size_t>(begin / page_size));
             it != partial.end() && static_cast<std::uint64_t>(it->first) * page_size < end; ++it) {
            for (const auto& [from, to] : it->second) {
                if (from > at) {
                    parts.emplace_back(at, std::min(from, end));
                }
                at = std::max(at, to);
            }
        }
    }
    if (at < end) {
        parts.emplace_back(at, end);
    }
    std::erase_if(parts, [](const auto& part) { return part.first >= part.second; });
    return parts;
}

void special_pages::begin_punch(std::size_t first, const punch_job& job) {
    const bool is_new = make().punching.emplace(first, job).second;
    SLUICE_ASSERT(is_new);
}

const special_pages::punch_job* special_pages::punch_from(std::size_t first) const {
    if (!held_) {
        return nullptr;
    }
    const auto job = held_->punching.find(first);
    return job == held_->punching.end() ? nullptr : &job->second;
}

bool special_pages::finds_punch(std::size_t page) const {
    const auto after = held_->punching.upper_bound(page);
    return after != held_->punching.begin() && std::prev(after)->second.last >= page;
}

std::optional<std::size_t> special_pages::next_punch(std::size_t page) const {
    if (!held_) {
        return std::nullopt;
    }
    const auto after = held_->punching.upper_bound(page);
    return after == held_->punching.end() ? std::nullopt : std::optional(after->first);
}

void special_pages::end_punch(std::size_t first) {
    const auto ended = make().punching.erase(first);
    SLUICE_ASSERT(ended == 1);
    drop_empty();
}

void special_pages::begin_check(std::size_t first, std::size_t last) {
    make().checking.emplace_back(first, last);
}

bool special_pages::end_check(std::size_t first, std::size_t last) {
    auto& checking = make().checking;
    const auto it = std::find(checking.begin(), checking.end(), std::pair(first, last));
    const bool found = it != checking.end();
    if (found) {
        checking.erase(it);
    }
    drop_empty();
    return found;
}

bool special_pages::is_checked(std::size_t block) const {
    return held_ && std::ranges::any_of(held_->checking, [block](const auto& checked) {
               return checked.first <= block && block <= checked.second;
           });
}

} // namespace sluice::cache
