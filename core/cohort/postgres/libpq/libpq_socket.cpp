// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/libpq_socket.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <memory>

#include <cohort/runtime/completion_handler.hpp>

namespace cohort::postgres {
namespace {

/// The buffer of a read that transfers no bytes and completes with the next event of the descriptor.
struct input_event : asio::mutable_buffer {
  // The buffer is not empty, because Asio would complete the read of an empty buffer immediately.
  input_event() noexcept : asio::mutable_buffer(this, 1) {}
};

}  // namespace
}  // namespace cohort::postgres

namespace boost::asio::detail {

/// Asio's `async_wait` calls `epoll_ctl` for each wait, so that the descriptor is reported as ready again. A read
/// starts without `epoll_ctl`, because Asio first tries to read. `done_and_exhausted` marks the edge-triggered event as
/// consumed, so the read completes with the next event.
template <>
inline reactor_op::status descriptor_read_op_base<cohort::postgres::input_event>::do_perform(reactor_op*) {
  return done_and_exhausted;
}

}  // namespace boost::asio::detail

namespace cohort::postgres {

cohort::result<std::unique_ptr<libpq_socket>> libpq_socket::make(loop& event_loop, int descriptor) {
  const int duplicate = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return error_code{errno, boost::system::system_category()};
  auto socket = std::make_unique<libpq_socket>(event_loop);
  error_code failure;
  socket->descriptor_.assign(duplicate, failure);
  if (failure) return failure;
  return cohort::result<std::unique_ptr<libpq_socket>>{std::move(socket)};
}

libpq_socket::libpq_socket(loop& event_loop)
    : descriptor_(event_loop.get_executor()), timer_(event_loop, this, [](void* self) {
        error_code ignored;
        static_cast<libpq_socket*>(self)->descriptor_.cancel(ignored);
      }) {}

template <class Start>
task<socket_status> libpq_socket::run_operation(Start start) {
  if (timer_.expired()) co_return socket_status::timed_out;
  auto wait_task = async_operation<socket_status>([this, start](completion_handler<socket_status> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [this, handler = std::move(handler)](error_code failure, std::size_t = 0) mutable {
      if (failure != asio::error::operation_aborted) return handler(socket_status::ready);
      handler(timer_.expired() ? socket_status::timed_out : socket_status::cancelled);
    };
    start(asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  co_return co_await std::move(wait_task);
}

task<socket_status> libpq_socket::wait(descriptor_type::wait_type type) {
  return run_operation([this, type](auto&& handler) { descriptor_.async_wait(type, std::move(handler)); });
}

task<socket_status> libpq_socket::wait_for_input() {
  const bool is_readable = may_have_input_ && has_input();
  may_have_input_ = true;
  return run_operation([this, is_readable](auto&& handler) {
    if (!is_readable) return descriptor_.async_read_some(input_event{}, std::move(handler));
    asio::post(descriptor_.get_executor(), [handler = std::move(handler)]() mutable { handler(error_code{}); });
  });
}

bool libpq_socket::has_input() noexcept {
  char byte;
  const auto received = ::recv(descriptor_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  may_have_input_ = received >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  return may_have_input_;
}

}  // namespace cohort::postgres
