// What lies on the disk is believed only where it is whole, unharmed and ours.
#include <sluice/cache/metadata.hpp>

#include <boost/endian/conversion.hpp>
#include <boost/test/unit_test.hpp>
#include <xxhash.h>

#include "helpers.hpp"

#include <cstring>
#include <random>

namespace sluice::cache::testing {

namespace {

using milliseconds = std::chrono::milliseconds;

/// An object of `pages` pages of which every third is missing.
metadata sample(std::size_t pages) {
    metadata m;
    m.info = info_of(pages == 0 ? 0 : pages * page_size - 17);
    m.info.purge_tags = "0b1d-77";
    m.info.stored = std::chrono::system_clock::time_point(milliseconds(1700000000123));
    m.checked = std::chrono::system_clock::time_point(milliseconds(1700000000456));
    for (std::size_t page = 0; page < pages; ++page) {
        if (page % 3 != 1) {
            m.add(page, 0x0123456789abcdefULL * (page + 1));
        }
    }
    return m;
}

/// `body` with the checksum that makes it look unharmed.
std::string sealed(std::string body) {
    const std::uint64_t sum = boost::endian::native_to_little(std::uint64_t{XXH64(body.data(), body.size(), 0)});
    char bytes[sizeof sum];
    std::memcpy(bytes, &sum, sizeof sum);
    return body.append(bytes, sizeof sum);
}
std::string body_of(const metadata& m) {
    const std::string bytes = encode(m);
    return bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
}
template <class Int>
std::string with(std::string body, std::size_t at, Int value) {
    value = boost::endian::native_to_little(value);
    std::memcpy(body.data() + at, &value, sizeof value);
    return sealed(std::move(body));
}

// Where the fields of `sample` lie.
constexpr std::size_t at_version = 8;
constexpr std::size_t at_page_size = 12;
constexpr std::size_t at_store = 16;
std::size_t at_kind(const metadata& m) {
    return at_store + 4 + m.info.key.store.size() + 4 + m.info.key.name.size();
}
std::size_t at_size(const metadata& m) {
    return at_kind(m) + 1 + 4 + m.info.version.value.size();
}
std::size_t at_stored(const metadata& m) {
    return at_size(m) + 8 + 12 + m.info.content_type.size() + m.info.last_modified.size() + m.info.purge_tags.size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(metadata_file)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    for (const std::size_t pages : {0U, 1U, 7U, 8U, 9U, 64U, 1000U}) {
        BOOST_TEST_CONTEXT(pages << " pages") {
            metadata m = sample(pages);
            m.must_revalidate = pages % 3 == 0;
            m.info.version.kind = pages % 2 == 0 ? validator_kind::etag : validator_kind::generation;
            const auto d = decode(encode(m));
            BOOST_REQUIRE(d.has_value());
            BOOST_TEST((d->info.key == m.info.key));
            BOOST_TEST((d->info.version == m.info.version));
            BOOST_TEST(d->info.size == m.info.size);
            BOOST_TEST(d->info.content_type == m.info.content_type);
            BOOST_TEST(d->info.last_modified == m.info.last_modified);
            BOOST_TEST(d->info.purge_tags == m.info.purge_tags);
            BOOST_TEST((d->info.stored == m.info.stored));
            BOOST_TEST((d->checked == m.checked));
            BOOST_TEST(d->must_revalidate == m.must_revalidate);
            BOOST_TEST((d->present == m.present));
            BOOST_TEST((d->checksums == m.checksums));
        }
    }
}

BOOST_AUTO_TEST_CASE(texts_of_any_bytes_are_read_as_they_were) {
    metadata m = sample(1);
    m.info.key.name = std::string("a\0b\r\n\xff", 6);
    m.info.content_type.clear();
    m.info.version.value = std::string(70000, '"');
    const auto d = decode(encode(m));
    BOOST_REQUIRE(d.has_value());
    BOOST_TEST((d->info.key == m.info.key));
    BOOST_TEST((d->info.version == m.info.version));
}

BOOST_AUTO_TEST_CASE(every_truncation_and_every_longer_file_is_refused) {
    const std::string bytes = encode(sample(9));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        BOOST_TEST(!decode(std::string_view(bytes).substr(0, length)));
    }
    BOOST_TEST(!decode(bytes + '\0'));
    BOOST_TEST(!decode(sealed(body_of(sample(9)) + "12345678")));
}

BOOST_AUTO_TEST_CASE(every_truncation_with_a_right_checksum_is_refused) {
    const std::string body = body_of(sample(9));
    for (std::size_t length = 0; length < body.size(); ++length) {
        BOOST_TEST(!decode(sealed(body.substr(0, length))));
    }
}

BOOST_AUTO_TEST_CASE(every_single_flipped_bit_is_noticed) {
    std::string bytes = encode(sample(9));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const auto mask = static_cast<char>(1U << (bit % 8));
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
        BOOST_TEST(!decode(bytes), "bit " << bit);
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    }
    BOOST_TEST(decode(bytes).has_value());
}

BOOST_AUTO_TEST_CASE(other_formats_are_refused) {
    const metadata m = sample(3);
    const std::string body = body_of(m);
    BOOST_REQUIRE(decode(with(body, at_version, format_version)));
    BOOST_TEST(!decode(with(body, at_version, format_version + 1)));
    BOOST_TEST(!decode(with(body, at_version, std::uint32_t{0})));
    BOOST_TEST(!decode(with(body, at_page_size, std::uint32_t{4096})));
    BOOST_TEST(!decode(with(body, 0, 'X')));
    BOOST_REQUIRE(decode(with(body, at_kind(m), std::uint8_t{1})));
    BOOST_TEST(!decode(with(body, at_kind(m), std::uint8_t{0})));
    BOOST_TEST(!decode(with(body, at_kind(m), std::uint8_t{3})));
}

BOOST_AUTO_TEST_CASE(hostile_lengths_are_refused_before_anything_of_their_size_is_made) {
    const metadata m = sample(3);
    const std::string body = body_of(m);
    for (const std::uint32_t length : {0xffffffffU, 0x7fffffffU, static_cast<std::uint32_t>(body.size())}) {
        BOOST_TEST(!decode(with(body, at_store, length)));
        BOOST_TEST(!decode(with(body, at_kind(m) + 1, length)));
        BOOST_TEST(!decode(with(body, at_size(m) + 8, length)));
    }
    BOOST_REQUIRE(decode(with(body, at_size(m), m.info.size)));
    for (const std::uint64_t size : {UINT64_MAX, UINT64_MAX - page_size, std::uint64_t{1} << 60U, std::uint64_t{0}}) {
        BOOST_TEST(!decode(with(body, at_size(m), size)));
    }
}

BOOST_AUTO_TEST_CASE(times_of_the_future_are_read_and_impossible_ones_refused) {
    metadata m = sample(1);
    m.checked = std::chrono::system_clock::now() + std::chrono::hours(24 * 365);
    BOOST_TEST(decode(encode(m)).has_value()); // stale, not damaged: see object_ownership
    const std::string body = body_of(m);
    BOOST_REQUIRE(decode(with(body, at_stored(m), std::int64_t{0})));
    for (const std::int64_t ms :
         {std::int64_t{-1}, INT64_MIN, INT64_MAX, INT64_MAX / 1000000, std::int64_t{9} << 42U}) {
        BOOST_TEST(!decode(with(body, at_stored(m), ms)), ms << " ms");
        BOOST_TEST(!decode(with(body, at_stored(m) + 8, ms)), ms << " ms");
    }
}

BOOST_AUTO_TEST_CASE(random_harm_with_a_right_checksum_gives_an_error_or_a_sound_value) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    BOOST_TEST_CONTEXT("seed " << seed) {
        std::mt19937 random(seed);
        const std::string body = body_of(sample(40));
        for (int round = 0; round < 5000; ++round) {
            std::string harmed = body;
            for (unsigned n = random() % 4 + 1; n > 0; --n) {
                harmed[at_version + random() % (harmed.size() - at_version)] = static_cast<char>(random());
            }
            const auto d = decode(sealed(harmed));
            if (d) {
                std::uint64_t next = 0;
                std::uint64_t pages = 0;
                for (const auto& r : d->present) {
                    BOOST_REQUIRE(r.first >= next);
                    pages += r.pages;
                    next = r.first + r.pages;
                }
                BOOST_REQUIRE(next <= page_layout{d->info.size}.pages());
                BOOST_REQUIRE(d->checksums.size() == pages);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_charge_covers_every_file_that_may_be_written) {
    for (const std::size_t pages : {0U, 1U, 8U, 500U, 10000U}) {
        for (const std::size_t every : {1U, 2U, 3U, 8U}) {
            for (const std::size_t pages_a_block : {1U, 3U, 16U, 256U}) {
                metadata m = sample(0);
                m.info.purge_tags.assign(max_purge_tags, 'x');
                std::size_t blocks = 0;
                std::size_t block = SIZE_MAX;
                for (std::size_t page = 0; page < pages; page += every) {
                    m.add(page, page);
                    blocks += page / pages_a_block != block ? 1 : 0;
                    block = page / pages_a_block;
                }
                const auto charge = max_metadata_charge(m.info, blocks, pages_a_block);
                BOOST_TEST(charge >= encode(m).size() + 4096);
                BOOST_TEST(charge % 4096 == 0U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_is_as_long_as_what_is_there_and_not_as_the_object) {
    metadata m = sample(0);
    m.info.size = std::uint64_t{5} << 40U;
    m.add(m.info.size / page_size - 1, 7);
    const std::string bytes = encode(m);
    BOOST_TEST(bytes.size() < 400U);
    const auto d = decode(bytes);
    BOOST_REQUIRE(d.has_value());
    BOOST_TEST((d->present == m.present));
    m.add(m.info.size / page_size, 7);
    BOOST_TEST(!decode(encode(m))); // behind its end
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::cache::testing
