// SPDX-License-Identifier: BSL-1.0
// Asio, compiled once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/detail/thread_info_base.hpp>

#include <cohort/runtime/asio_config.hpp>
#include <cohort/runtime/recycling_allocator.hpp>

// The handlers of cancellation signals, for the reason given in <cohort/runtime/task.hpp>.
namespace boost::asio::detail {

template <>
inline void* thread_info_base::allocate(cancellation_signal_tag, thread_info_base*, std::size_t size, std::size_t) {
  return cohort::detail::allocate_recycled(size);
}
template <>
inline void thread_info_base::deallocate(cancellation_signal_tag, thread_info_base*, void* block, std::size_t size) {
  cohort::detail::deallocate_recycled(block, size);
}

}  // namespace boost::asio::detail

#include <boost/asio/impl/src.hpp>

namespace cohort {
extern const char COHORT_COMPILED_WITH_BOOST = 0;
}
