// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/wakeup.hpp>

#include <sys/eventfd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <cerrno>
#include <system_error>

#include <cohort/runtime/completion_handler.hpp>

namespace cohort::messaging::kafka {

wakeup::wakeup(loop& event_loop) : descriptor_(event_loop.get_executor()) {
  const int file_descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (file_descriptor < 0) throw std::system_error{errno, std::system_category(), "eventfd"};
  descriptor_.assign(file_descriptor);
}

task<bool> wakeup::wait() {
  auto wait_task = async_operation<bool>([this](completion_handler<bool> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code failure) mutable {
      handler(failure != asio::error::operation_aborted);
    };
    descriptor_.async_wait(decltype(descriptor_)::wait_read, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  if (!co_await std::move(wait_task)) co_return false;
  eventfd_t count = 0;
  ::eventfd_read(descriptor(), &count);
  co_return true;
}

void wakeup::notify() noexcept { ::eventfd_write(descriptor(), 1); }

}  // namespace cohort::messaging::kafka
