// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/http/http_exchange.hpp"

namespace cohort::test {

/// Sends one request repeatedly on four connections, each in a separate thread, until stop().
class client_load {
 public:
  /// Returns whether a response is a success.
  using predicate = std::function<bool(const response&)>;

  /// `request`: the bytes of a request without a body.
  client_load(std::uint16_t port, std::string request, predicate is_success);
  ~client_load() { stop(); }
  client_load(const client_load&) = delete;
  client_load& operator=(const client_load&) = delete;

  /// Waits until at least `count` responses have arrived since the start, or a request has failed.
  void wait_for_responses(int count) const;
  /// Waits for the responses to the current requests.
  void stop();

  int responses() const noexcept { return responses_; }
  /// Returns the number of unsuccessful responses and failed connections.
  int failures() const noexcept { return failures_; }
  /// Returns the first 2,000 bytes of the first failed response, or the error of the connection.
  std::string first_failure() const;

 private:
  void run(std::uint16_t port);
  void add_failure(std::string text);

  std::string request_;
  predicate is_success_;
  std::atomic<bool> is_stopped_{false};
  std::atomic<int> responses_{0};
  std::atomic<int> failures_{0};
  mutable std::mutex mutex_;
  std::string first_failure_;
  std::vector<std::jthread> clients_;
};

}  // namespace cohort::test
