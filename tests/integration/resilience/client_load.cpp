// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/resilience/client_load.hpp"

#include <exception>
#include <utility>

namespace cohort::test {

client_load::client_load(std::uint16_t port, std::string request, predicate is_success)
    : request_(std::move(request)), is_success_(std::move(is_success)) {
  for (int i = 0; i < 4; ++i) clients_.emplace_back([this, port] { run(port); });
}

void client_load::wait_for_responses(int count) const {
  while (responses_ < count && failures_ == 0) std::this_thread::yield();
}

void client_load::stop() {
  is_stopped_ = true;
  clients_.clear();
}

std::string client_load::first_failure() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

void client_load::run(std::uint16_t port) {
  try {
    raw_connection connection{port};
    while (!is_stopped_) {
      connection.send(request_);
      const auto response = connection.read_response();
      if (!is_success_(response)) add_failure(response.raw_head + response.body);
      ++responses_;
    }
  } catch (const std::exception& error) {
    add_failure(error.what());
  }
}

void client_load::add_failure(std::string text) {
  ++failures_;
  const std::lock_guard lock{mutex_};
  if (first_failure_.empty()) first_failure_ = text.substr(0, 2000);
}

}  // namespace cohort::test
