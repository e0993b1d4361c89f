#include <sluice/http/chunk.hpp>
#include <sluice/media/coded_body.hpp>
#include <sluice/media/send_file.hpp>

namespace sluice::media {

coded_body::coded_body(http::content_coding coding, std::uint64_t size, metrics::metrics& counters,
                       slot_limit::slot slot)
    : encoder_(http::make_encoder(coding, size))
    , left_(size)
    , input_bytes_(counters.compression_input->at(http::to_string(coding)))
    , output_bytes_(counters.compression_output->at(http::to_string(coding)))
    , slot_(std::move(slot)) {}

coded_body::~coded_body() {
    input_bytes_.Increment(static_cast<double>(input_)); // once a body: the counters are atomic doubles
    output_bytes_.Increment(static_cast<double>(output_));
}

bool coded_body::encode(std::string_view piece, std::string& out) {
    const bool last = piece.size() >= left_;
    left_ -= std::min<std::uint64_t>(piece.size(), left_);
    input_ += piece.size();
    coded_.clear();
    if (!encoder_->put(piece, last, coded_)) {
        return false;
    }
    output_ += coded_.size();
    if (!coded_.empty()) {
        http::append_chunk_header(out, coded_.size());
        out.append(coded_).append(http::crlf);
    }
    if (last) {
        out += http::last_chunk;
    }
    return true;
}

awaitable<result<void>> coded_body::put(file_pool& pool, std::string_view piece, std::string& out) {
    auto job = [this, piece, &out] { return encode(piece, out); };
    const bool coded = co_await pool.run(job);
    if (!coded) {
        co_return error{errc::internal_error, error_source::internal, false, "a body could not be compressed"};
    }
    co_return result<void>();
}

awaitable<result<void>> coded_body::put_file(file_pool& pool, int fd, std::uint64_t first, std::uint64_t last,
                                             std::string& out) {
    read_.resize(static_cast<std::size_t>(last - first + 1));
    const bool whole = co_await read_file(pool, fd, read_.data(), read_.size(), first);
    if (!whole) {
        co_return error{errc::disk_error, error_source::internal, false, "cannot be read"};
    }
    const std::string_view piece(read_.data(), read_.size());
    co_return co_await put(pool, piece, out);
}

} // namespace sluice::media
