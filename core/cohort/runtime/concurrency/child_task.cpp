// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/child_task.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace cohort {

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
