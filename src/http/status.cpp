#include <sluice/http/status.hpp>

#include <boost/beast/http/status.hpp>

namespace sluice::http {

std::string_view reason_phrase(unsigned status) noexcept {
    const auto known = boost::beast::http::int_to_status(status);
    if (known == boost::beast::http::status::unknown)
        return {};
    return boost::beast::http::obsolete_reason(known);
}

} // namespace sluice::http
