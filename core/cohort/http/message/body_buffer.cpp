// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body_buffer.hpp>

#include <cstddef>
#include <utility>

namespace cohort::http {
namespace {

constexpr std::size_t max_kept_capacity = 4 * 1024;
/// One is enough: a response that does not wait is sent before the next handler of the thread runs.
thread_local std::string kept_buffer;

}  // namespace

std::string take_body_buffer() noexcept { return std::exchange(kept_buffer, {}); }

void recycle_body_buffer(std::string body) noexcept {
  if (body.capacity() <= kept_buffer.capacity() || body.capacity() > max_kept_capacity) return;
  body.clear();
  kept_buffer = std::move(body);
}

}  // namespace cohort::http
