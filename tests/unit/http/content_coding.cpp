#include <sluice/http/content_coding.hpp>

#include <boost/test/unit_test.hpp>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <initializer_list>
#include <random>
#include <string>

using sluice::http::content_coding;
using sluice::http::field_list;
using sluice::http::make_encoder;
using sluice::http::preferred_coding;

namespace {

std::string_view preferred(std::initializer_list<std::string_view> values) {
    field_list fields;
    fields.items.push_back({"Accept", "zstd"});
    for (const auto value : values) {
        fields.items.push_back({"accept-encoding", value});
    }
    return to_string(preferred_coding(fields));
}

std::string decoded(content_coding c, const std::string& coded, std::size_t size) {
    std::string out(size + 1, '\0');
    if (c == content_coding::zstd) {
        const auto n = ZSTD_decompress(out.data(), out.size(), coded.data(), coded.size());
        BOOST_REQUIRE(ZSTD_isError(n) == 0);
        out.resize(n);
    } else if (c == content_coding::br) {
        std::size_t n = out.size();
        BOOST_REQUIRE(BrotliDecoderDecompress(coded.size(), reinterpret_cast<const unsigned char*>(coded.data()), &n,
                                              reinterpret_cast<unsigned char*>(out.data())) ==
                      BROTLI_DECODER_RESULT_SUCCESS);
        out.resize(n);
    } else {
        z_stream z{};
        BOOST_REQUIRE(inflateInit2(&z, MAX_WBITS + 16) == Z_OK);
        z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(coded.data()));
        z.avail_in = static_cast<unsigned>(coded.size());
        z.next_out = reinterpret_cast<unsigned char*>(out.data());
        z.avail_out = static_cast<unsigned>(out.size());
        BOOST_TEST(inflate(&z, Z_FINISH) == Z_STREAM_END);
        BOOST_TEST(z.avail_in == 0U);
        out.resize(z.total_out);
        inflateEnd(&z);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(content_codings)

BOOST_AUTO_TEST_CASE(preferences) {
    BOOST_TEST(preferred({}) == "identity");
    BOOST_TEST(preferred({""}) == "identity");
    BOOST_TEST(preferred({"gzip, deflate, br, zstd"}) == "zstd");
    BOOST_TEST(preferred({"gzip, deflate, br"}) == "br");
    BOOST_TEST(preferred({"gzip", "br"}) == "br");
    BOOST_TEST(preferred({"GZIP"}) == "gzip");
    BOOST_TEST(preferred({"x-gzip"}) == "gzip");
    BOOST_TEST(preferred({"deflate, compress"}) == "identity");
    BOOST_TEST(preferred({"*"}) == "zstd");
    BOOST_TEST(preferred({"*, zstd;q=0"}) == "br");
    BOOST_TEST(preferred({"*;q=0, gzip"}) == "gzip");
    BOOST_TEST(preferred({"gzip;q=1.0, br;q=0.8, zstd ; q=0.8"}) == "gzip");
    BOOST_TEST(preferred({"gzip;Q=0.001"}) == "gzip");
    BOOST_TEST(preferred({"gzip;q=0"}) == "identity");
    BOOST_TEST(preferred({"gzip;q=0.000, br;q=0."}) == "identity");
    BOOST_TEST(preferred({"identity;q=0"}) == "identity");
    BOOST_TEST(preferred({"identity;q=0, gzip;q=0.1"}) == "gzip");
    BOOST_TEST(preferred({"identity;q=0, *;q=0.1"}) == "zstd");
    BOOST_TEST(preferred({"identity, gzip;q=0.5"}) == "identity");
    BOOST_TEST(preferred({"identity;q=0.5, gzip;q=0.5"}) == "gzip");
    BOOST_TEST(preferred({"gzip, gzip;q=0"}) == "identity");
    BOOST_TEST(preferred({"br;q=0", "*"}) == "zstd");
    BOOST_TEST(preferred({", ,gzip,"}) == "gzip"); // empty members are to be borne, RFC 9110 §5.6.1.2
}

BOOST_AUTO_TEST_CASE(malformed) {
    for (const auto* value : {"gzip;q", "gzip;q=", "gzip;q=2", "gzip;q=1.1", "gzip;q=1.0000", "gzip;q=0.1234",
                              "gzip;q=.5", "gzip;q=-1", "gzip;level=9", "gzip;q=1;x=1", "gzip;", "gz ip", "\"gzip\"",
                              "gzip;q =1", "gzip;q= 1", "gzip;q=0x1", "gzip;q=1e0", "gzip/br", "zstd, gzip;q=a"}) {
        BOOST_TEST(preferred({value}) == "identity", value);
    }
    BOOST_TEST(preferred({"zstd", "gzip;q=a"}) == "identity");
}

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    for (const auto c : {content_coding::zstd, content_coding::br, content_coding::gzip}) {
        for (const std::size_t size : {1UL, 500UL, 70000UL, 3000000UL}) {
            std::string text;
            while (text.size() < size) {
                text += random() % 8 == 0 ? std::to_string(random()) : "the same words again ";
            }
            text.resize(size);
            const auto encoder = make_encoder(c, size);
            std::string coded = "head";
            for (std::size_t at = 0; at < size;) {
                const std::size_t n = std::min<std::size_t>(size - at, 1 + random() % 65536);
                BOOST_REQUIRE(encoder->put(std::string_view(text).substr(at, n), at + n == size, coded));
                at += n;
            }
            BOOST_TEST(coded.starts_with("head"));
            BOOST_TEST((decoded(c, coded.substr(4), size) == text), to_string(c) << ' ' << size);
            BOOST_TEST(coded.size() < size / 2 + 600);
        }
    }
}

BOOST_AUTO_TEST_CASE(noise_is_encoded_too) {
    std::mt19937 random(1);
    std::string noise(300000, '\0');
    for (auto& c : noise) {
        c = static_cast<char>(random());
    }
    for (const auto c : {content_coding::zstd, content_coding::br, content_coding::gzip}) {
        std::string coded;
        const auto encoder = make_encoder(c, noise.size());
        BOOST_REQUIRE(encoder->put(noise.substr(0, 150000), false, coded));
        BOOST_REQUIRE(encoder->put(noise.substr(150000), true, coded));
        BOOST_TEST((decoded(c, coded, noise.size()) == noise));
    }
}

BOOST_AUTO_TEST_SUITE_END()
