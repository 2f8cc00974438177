// SPDX-License-Identifier: BSL-1.0
// Asio, compiled once per program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/object_pool.hpp>
#include <boost/asio/detail/thread_info_base.hpp>
#include <new>

#include <cohort/runtime/asio_config.hpp>
#include <cohort/runtime/memory/packed_memory.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

// Allocates the state of descriptors from packed memory, because the reactor keeps it for reuse until the program ends.
namespace boost::asio::detail {

using descriptor_state = epoll_reactor::descriptor_state;
static_assert(alignof(descriptor_state) <= cohort::detail::packed_alignment);

#if BOOST_VERSION < 108700
template <>
inline descriptor_state* object_pool_access::create<descriptor_state>(bool is_locking) {
  return new (cohort::detail::allocate_packed(sizeof(descriptor_state))) descriptor_state(is_locking);
}
#else
template <>
inline descriptor_state* object_pool_access::create<descriptor_state>(bool is_locking, int spin_count) {
  return new (cohort::detail::allocate_packed(sizeof(descriptor_state))) descriptor_state(is_locking, spin_count);
}
#endif
template <>
inline void object_pool_access::destroy(descriptor_state* unused) {
  unused->~descriptor_state();
  cohort::detail::deallocate_packed(unused);
}

}  // namespace boost::asio::detail

// Allocates the handlers of cancellation signals from recycled memory. The reason is in <cohort/runtime/task.hpp>.
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
