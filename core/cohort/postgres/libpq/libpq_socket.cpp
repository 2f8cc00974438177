// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/libpq_socket.hpp>

#include <fcntl.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <cerrno>
#include <memory>

#include <cohort/runtime/completion_handler.hpp>

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

task<socket_status> libpq_socket::wait(descriptor_type::wait_type type) {
  if (timer_.expired()) co_return socket_status::timed_out;
  auto waiting = async_operation<socket_status>([this, type](completion_handler<socket_status> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [this, handler = std::move(handler)](error_code failure) mutable {
      if (failure != asio::error::operation_aborted) return handler(socket_status::ready);
      handler(timer_.expired() ? socket_status::timed_out : socket_status::cancelled);
    };
    descriptor_.async_wait(type, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  co_return co_await std::move(waiting);
}

}  // namespace cohort::postgres
