#pragma once

#include <sluice/base/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

/// The concrete Asio types of the project: no type-erased executor anywhere on a request's way.
namespace sluice {

namespace asio = boost::asio;

/// A worker's event loop.
using executor = asio::io_context::executor_type;

/// What every coroutine of the project returns. A coroutine lives and dies on the worker it was spawned on.
template <class T = void>
using awaitable = asio::awaitable<T, executor>;

/// Completion token: `auto [ec, …] = co_await op(…, use_tuple);` never throws for an operation's own error.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<executor>> use_tuple{};

/// A socket on a worker, a TCP one.
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
/// Never set back; for time-outs and deadlines.
using steady_clock = std::chrono::steady_clock;
/// A timer on a worker.
using steady_timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor>;

} // namespace sluice
