// SPDX-License-Identifier: BSL-1.0
// Counts the system calls of a query. Counting functions replace the functions of the C library that Asio and libpq
// call.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "tests/integration/postgres/libpq_fixture.hpp"

namespace {

std::atomic<int> epoll_ctl_call_count{0};
std::atomic<int> recv_call_count{0};

}  // namespace

#ifndef COHORT_SANITIZED
extern "C" int epoll_ctl(int poller, int operation, int descriptor, epoll_event* event) noexcept {
  ++epoll_ctl_call_count;
  return static_cast<int>(::syscall(SYS_epoll_ctl, poller, operation, descriptor, event));
}

extern "C" ssize_t recv(int socket, void* buffer, size_t size, int flags) {
  ++recv_call_count;
  return ::syscall(SYS_recvfrom, socket, buffer, size, flags, nullptr, nullptr);
}
#endif

namespace cohort::test {
namespace {

task<> count_calls_of_queries(postgres::pool& pool) {
  constexpr int query_count = 100;
  for (int i = 0; i < 2 * query_count; ++i) {
    if (i == query_count) epoll_ctl_call_count = recv_call_count = 0;
    const auto found = co_await pool.query(libpq_fixture::in(10s), "select $1::int8", i);
    REQUIRE(found.value()[0].get<int>(0).value() == i);
  }
  // One read checks that the idle connection is open, and one reads the reply, which could arrive in two segments.
  CHECK(recv_call_count >= 2 * query_count);
  CHECK(recv_call_count <= 2 * query_count + query_count / 10);
  // The reply is awaited without calling epoll_ctl.
  CHECK(epoll_ctl_call_count <= query_count / 10);
}

TEST_CASE("libpq: a query on an idle connection costs two reads and no epoll_ctl", "[postgres][libpq][cost]") {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer replaces functions of the C library");
#endif
  libpq_fixture fixture;
  fixture.run(count_calls_of_queries(fixture.pool));
}

}  // namespace
}  // namespace cohort::test
