#include <sluice/cache/object_record.hpp>
#include <sluice/cache/recent_changes.hpp>

#include <algorithm>
#include <utility>

namespace sluice::cache {

namespace {

std::forward_list<std::string> tags_of(std::string_view lines) {
    std::forward_list<std::string> tags;
    for_each_tag(lines, [&, last = tags.before_begin()](std::string_view each) mutable {
        last = tags.emplace_after(last, each);
    });
    return tags;
}

} // namespace

object_record::object_record(object_info info, std::uint64_t serial)
    : tags_(tags_of(std::exchange(info.purge_tags, {})))
    , info_(std::move(info))
    , serial_(serial) {}

std::string object_record::purge_tags() {
    const mutex_lock lock(mutex_);
    return joined_tags();
}

std::string object_record::joined_tags() const {
    std::string all;
    for (const auto& each : tags_) {
        all.append(all.empty() ? "" : "\n").append(each);
    }
    return all;
}

bool object_record::has_tag(std::string_view tag) {
    const mutex_lock lock(mutex_);
    return std::ranges::find(tags_, tag) != tags_.end();
}

const std::string* object_record::add_tag(std::string_view tag) {
    if (tag.empty() || tag.find('\n') != std::string_view::npos) {
        return nullptr;
    }
    const mutex_lock lock(mutex_);
    std::size_t length = tag.size();
    auto last = tags_.before_begin();
    for (auto it = tags_.begin(); it != tags_.end(); last = it++) {
        if (*it == tag) {
            return nullptr;
        }
        length += it->size() + 1;
    }
    if (length > max_purge_tags) {
        return nullptr;
    }
    mark_dirty();
    return &*tags_.emplace_after(last, tag);
}

bool object_record::mark_changed(std::uint64_t number) noexcept {
    const auto marked = validation_.mark(number);
    if (marked != validation_state::mark_result::known) {
        mark_dirty();
    }
    return marked == validation_state::mark_result::first;
}

void object_record::confirm_version(std::uint64_t marked_then) noexcept {
    validation_.confirm(marked_then);
    mark_dirty();
}

void object_record::restore_validation(std::chrono::system_clock::time_point checked, bool must_revalidate) noexcept {
    validation_.restore(checked);
    if (must_revalidate) {
        mark_changed(1);
    }
    dirty_.store(false);
}

} // namespace sluice::cache
