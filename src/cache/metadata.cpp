#include <sluice/cache/metadata.hpp>

#include <boost/endian/conversion.hpp>
#include <xxhash.h>

#include <algorithm>
#include <concepts>
#include <cstring>

namespace sluice::cache {

namespace {

constexpr std::string_view magic = "SLUICEMD";
constexpr std::size_t bytes_a_run = sizeof(std::uint64_t) + sizeof(std::uint32_t);
/// Milliseconds of the year 2200: later times are damage, and would overflow the clock's nanoseconds.
constexpr std::int64_t max_time = 7258118400000;

template <std::integral Int>
void put(std::string& out, Int value) {
    const Int little = boost::endian::native_to_little(value);
    char bytes[sizeof little];
    std::memcpy(bytes, &little, sizeof little);
    out.append(bytes, sizeof little);
}

void put(std::string& out, const std::string& text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

void put(std::string& out, std::chrono::system_clock::time_point t) {
    put(out, std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
}

/// Reads forward; `ok` turns false at the first thing that does not fit and stays so.
struct cursor {
    std::string_view rest;
    bool ok{true};

    template <class Int>
    Int number() {
        if (rest.size() < sizeof(Int)) {
            ok = false;
            return {};
        }
        Int value;
        std::memcpy(&value, rest.data(), sizeof value);
        rest.remove_prefix(sizeof value);
        return boost::endian::little_to_native(value);
    }
    std::string text() {
        const auto length = number<std::uint32_t>();
        if (!ok || rest.size() < length) {
            ok = false;
            return {};
        }
        std::string value(rest.substr(0, length));
        rest.remove_prefix(length);
        return value;
    }
    std::chrono::system_clock::time_point time() {
        const auto ms = number<std::int64_t>();
        ok = ok && ms >= 0 && ms < max_time;
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(ok ? ms : 0));
    }
};

error damaged(const char* why) {
    return {errc::disk_error, error_source::internal, false, std::string("metadata: ") + why};
}

} // namespace

std::string encode(const metadata& m) {
    std::string out(magic);
    put(out, format_version);
    put(out, static_cast<std::uint32_t>(page_size));
    put(out, m.info.key.store);
    put(out, m.info.key.name);
    put(out, static_cast<std::uint8_t>(m.info.version.kind));
    put(out, m.info.version.value);
    put(out, m.info.size);
    put(out, m.info.content_type);
    put(out, m.info.last_modified);
    put(out, m.info.purge_tags);
    put(out, m.info.stored);
    put(out, m.checked);
    put(out, static_cast<std::uint8_t>(m.must_revalidate));
    out.reserve(out.size() + m.present.size() * bytes_a_run + (m.checksums.size() + 2) * sizeof(std::uint64_t));
    put(out, static_cast<std::uint64_t>(m.present.size()));
    for (const auto& r : m.present) {
        put(out, r.first);
        put(out, r.pages);
    }
    for (const auto sum : m.checksums) {
        put(out, sum);
    }
    put(out, static_cast<std::uint64_t>(XXH64(out.data(), out.size(), 0)));
    return out;
}

void metadata::add(std::uint64_t page, std::uint64_t checksum) {
    if (!present.empty() && present.back().first + present.back().pages == page && present.back().pages < UINT32_MAX) {
        ++present.back().pages;
    } else {
        present.push_back({page, 1});
    }
    checksums.push_back(checksum);
}

std::uint64_t max_metadata_charge(const object_info& info, std::size_t blocks, std::size_t pages_per_block) noexcept {
    // At worst every second page of a block is there. And an extent of the data file for each block.
    constexpr std::uint64_t extent = 16;
    const std::uint64_t a_block =
        pages_per_block * sizeof(std::uint64_t) + (pages_per_block + 1) / 2 * bytes_a_run + extent;
    const std::uint64_t bytes = 256 + info.key.store.size() + info.key.name.size() + info.version.value.size() +
                                info.content_type.size() + info.last_modified.size() +
                                std::max(info.purge_tags.size(), max_purge_tags) + blocks * a_block;
    // One more unit: a data file of many holes has a block of extents of its own.
    return (bytes + 4095) / 4096 * 4096 + 4096;
}

namespace {

/// Everything before the pages.
result<void> decode_info(cursor& in, metadata& m) {
    m.info.key.store = in.text();
    m.info.key.name = in.text();
    const auto kind = in.number<std::uint8_t>();
    if (kind != static_cast<std::uint8_t>(validator_kind::etag) &&
        kind != static_cast<std::uint8_t>(validator_kind::generation)) {
        return damaged("validator");
    }
    m.info.version.kind = static_cast<validator_kind>(kind);
    m.info.version.value = in.text();
    m.info.size = in.number<std::uint64_t>();
    m.info.content_type = in.text();
    m.info.last_modified = in.text();
    m.info.purge_tags = in.text();
    m.info.stored = in.time();
    m.checked = in.time();
    m.must_revalidate = in.number<std::uint8_t>() != 0;
    return in.ok && m.info.size <= max_object_size ? result<void>() : result<void>(damaged("cut short"));
}

/// The runs of present pages and their checksums, to the end.
result<void> decode_pages(cursor& in, metadata& m) {
    const std::uint64_t pages = m.info.size / page_size + (m.info.size % page_size != 0 ? 1 : 0);
    const auto runs = in.number<std::uint64_t>();
    // What is claimed must fit what is left before anything of its size is made.
    if (!in.ok || runs > in.rest.size() / bytes_a_run) {
        return damaged("cut short");
    }
    m.present.reserve(static_cast<std::size_t>(runs));
    std::uint64_t next = 0; // the first page that may be in the next run
    std::uint64_t present = 0;
    for (std::uint64_t i = 0; i < runs; ++i) {
        const auto first = in.number<std::uint64_t>();
        const auto length = in.number<std::uint32_t>();
        if (first < next || first >= pages || length == 0 || length > pages - first) {
            return damaged("pages");
        }
        m.present.push_back({first, length});
        present += length;
        next = first + length;
    }
    if (in.rest.size() != present * sizeof(std::uint64_t)) {
        return damaged("cut short");
    }
    m.checksums.reserve(static_cast<std::size_t>(present));
    for (std::uint64_t i = 0; i < present; ++i) {
        m.checksums.push_back(in.number<std::uint64_t>());
    }
    return {};
}

} // namespace

result<metadata> decode(std::string_view bytes) {
    if (bytes.size() < magic.size() + sizeof(std::uint64_t) || bytes.substr(0, magic.size()) != magic) {
        return damaged("no magic");
    }
    const auto body = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
    cursor tail{bytes.substr(body.size())};
    if (tail.number<std::uint64_t>() != XXH64(body.data(), body.size(), 0)) {
        return damaged("checksum");
    }
    cursor in{body.substr(magic.size())};
    if (in.number<std::uint32_t>() != format_version || in.number<std::uint32_t>() != page_size) {
        return damaged("other format");
    }
    metadata m;
    auto read = decode_info(in, m);
    if (read) {
        read = decode_pages(in, m);
    }
    return read ? result<metadata>(std::move(m)) : result<metadata>(read.error());
}

} // namespace sluice::cache
