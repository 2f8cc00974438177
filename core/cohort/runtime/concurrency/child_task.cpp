// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/child_task.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

void detail::start_stack(stack_bottom bottom, asio::cancellation_slot slot) {
  asio::detail::awaitable_thread<executor> stack{std::move(bottom), loop::current().get_executor(), slot,
                                                 asio::cancellation_state{slot}};
  stack.launch();
}

void detail::end_child(std::function<void()>& on_done, bool has_suspended) {
  if (has_suspended) return on_done();
  asio::post(loop::current().get_executor(),
             asio::bind_allocator(recycling_allocator<std::byte>{}, std::move(on_done)));
}

void detail::throw_empty_task() {
  throw std::logic_error{
      "empty task: it was created without a coroutine, such as by \"return {};\" in a function without co_return, or it "
      "was moved from"};
}

void detail::throw_cancellation() { throw boost::system::system_error{asio::error::operation_aborted, "co_await"}; }

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
