// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/child_task.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace cohort {

void detail::start_stored_task(task<> work, asio::cancellation_slot slot, std::function<void()> on_done) {
  asio::co_spawn(
      loop::current().get_executor(), std::move(work),
      asio::bind_cancellation_slot(slot, [on_done = std::move(on_done)](const std::exception_ptr&) { on_done(); }));
}

bool is_cancellation(const std::exception_ptr& failure) noexcept {
  if (!failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string exception_message(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace cohort
