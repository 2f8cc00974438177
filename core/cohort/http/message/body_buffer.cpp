// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body_buffer.hpp>

#include <cstddef>
#include <utility>

#include <cohort/runtime/thread_object.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_kept_capacity = 4 * 1024;
/// One buffer is sufficient, because a response that does not wait is sent before the next handler of the thread runs.
struct free_body_buffer {
  std::string text;
};

}  // namespace

std::string take_body_buffer() noexcept {
  auto* const kept = try_thread_object<free_body_buffer>();
  return kept ? std::exchange(kept->text, {}) : std::string{};
}

void recycle_body_buffer(std::string body) noexcept {
  auto* const kept = try_thread_object<free_body_buffer>();
  if (!kept || body.capacity() <= kept->text.capacity() || body.capacity() > max_kept_capacity) return;
  body.clear();
  kept->text = std::move(body);
}

}  // namespace cohort::http
