#include <sluice/http/content_coding.hpp>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace sluice::http {

namespace {

/// How much output is made room for at a time.
constexpr std::size_t step = 16UL * 1024;
/// How far back repetitions are searched; it decides an encoder's memory, here 2.1 MiB each.
constexpr int zstd_window_bits = 19;
constexpr int brotli_window_bits = 17;
// The levels with the best ratio for their time; the app's middleware uses 4 for each.
constexpr int zstd_level = 3;
constexpr unsigned brotli_quality = 4;
constexpr int gzip_level = 4;

/// Makes room for `step` bytes behind `out`; `shrink` removes what was not used.
class appended {
public:
    explicit appended(std::string& out)
        : out_(out)
        , begin_(out.size()) {
        out_.resize(begin_ + step);
    }
    [[nodiscard]] unsigned char* data() { return reinterpret_cast<unsigned char*>(out_.data() + begin_); }
    void shrink(std::size_t used) { out_.resize(begin_ + used); }

private:
    std::string& out_;
    std::size_t begin_;
};

const unsigned char* bytes_of(std::string_view piece) {
    return reinterpret_cast<const unsigned char*>(piece.data());
}

class zstd_encoder : public content_encoder {
public:
    explicit zstd_encoder(std::uint64_t size)
        : context_(ZSTD_createCCtx()) {
        if (context_ == nullptr) {
            throw std::bad_alloc();
        }
        // A failure to set any of these shows in `put`.
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, zstd_level);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, zstd_window_bits);
        ZSTD_CCtx_setPledgedSrcSize(context_, size);
    }
    ~zstd_encoder() override { ZSTD_freeCCtx(context_); }

    bool put(std::string_view piece, bool last, std::string& out) override {
        ZSTD_inBuffer in{piece.data(), piece.size(), 0};
        for (;;) {
            appended room(out);
            ZSTD_outBuffer to{room.data(), step, 0};
            const auto left = ZSTD_compressStream2(context_, &to, &in, last ? ZSTD_e_end : ZSTD_e_continue);
            room.shrink(to.pos);
            if (ZSTD_isError(left) != 0) {
                return false;
            }
            if (last ? left == 0 : in.pos == in.size) {
                return true;
            }
        }
    }

private:
    ZSTD_CCtx* context_;
};

class brotli_encoder : public content_encoder {
public:
    brotli_encoder()
        : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (state_ == nullptr) {
            throw std::bad_alloc();
        }
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, brotli_quality);
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, brotli_window_bits);
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
    }
    ~brotli_encoder() override { BrotliEncoderDestroyInstance(state_); }

    bool put(std::string_view piece, bool last, std::string& out) override {
        const unsigned char* in = bytes_of(piece);
        std::size_t in_left = piece.size();
        const auto what = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
        for (;;) {
            appended room(out);
            unsigned char* to = room.data();
            std::size_t to_left = step;
            const bool good = BrotliEncoderCompressStream(state_, what, &in_left, &in, &to_left, &to, nullptr) != 0;
            room.shrink(step - to_left);
            if (!good) {
                return false;
            }
            const bool more = BrotliEncoderHasMoreOutput(state_) != 0;
            if (in_left == 0 && !more && (!last || BrotliEncoderIsFinished(state_) != 0)) {
                return true;
            }
        }
    }

private:
    BrotliEncoderState* state_;
};

class gzip_encoder : public content_encoder {
public:
    gzip_encoder() {
        constexpr int gzip_wrapper = 16;
        constexpr int default_memory = 8;
        if (deflateInit2(&state_, gzip_level, Z_DEFLATED, MAX_WBITS + gzip_wrapper, default_memory,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~gzip_encoder() override { deflateEnd(&state_); }

    bool put(std::string_view piece, bool last, std::string& out) override {
        state_.next_in = const_cast<unsigned char*>(bytes_of(piece)); // NOLINT: zlib's interface, which only reads
        state_.avail_in = static_cast<unsigned>(piece.size());
        for (;;) {
            appended room(out);
            state_.next_out = room.data();
            state_.avail_out = step;
            const int status = deflate(&state_, last ? Z_FINISH : Z_NO_FLUSH);
            const bool full = state_.avail_out == 0;
            room.shrink(step - state_.avail_out);
            if (status == Z_STREAM_END || (status == Z_BUF_ERROR && !last) || (status == Z_OK && !last && !full)) {
                return true;
            }
            if (status != Z_OK) {
                return false;
            }
        }
    }

private:
    z_stream state_{};
};

} // namespace

std::unique_ptr<content_encoder> make_encoder(content_coding c, std::uint64_t size) {
    switch (c) {
    case content_coding::zstd:
        return std::make_unique<zstd_encoder>(size);
    case content_coding::br:
        return std::make_unique<brotli_encoder>();
    case content_coding::gzip:
    case content_coding::identity:
        break;
    }
    return std::make_unique<gzip_encoder>();
}

} // namespace sluice::http
