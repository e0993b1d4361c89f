#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <string>

namespace sluice::config {

/// What is wrong with a template, and where.
struct template_fault {
    std::size_t at{0}; ///< the byte of the template, counted from 0
    std::string what;  ///< what to say after the key's name; quotes names of captures only
};

/// A template that was read, or why it cannot be.
template <class T>
using parsed = boost::system::result<T, template_fault>;

/// For `parsed::value()` on a fault, which is a broken invariant of the caller: throws `std::invalid_argument`.
[[noreturn]] void throw_exception_from_error(const template_fault& fault, const boost::source_location& where);

} // namespace sluice::config
