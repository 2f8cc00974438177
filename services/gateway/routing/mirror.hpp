// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/service/lifecycle/background_tasks.hpp>
#include <cohort/telemetry/metrics.hpp>
#include "services/gateway/routes_file/routes_file.hpp"

namespace cohort::gateway {

class mirrored_request;

/// Sends copies of a route's requests to another upstream and ignores the responses. Mirroring does not delay requests:
/// a copy is sent in a separate task, and is dropped if `max_in_flight` copies of its loop are in flight. Thread-safe.
class mirror : public std::enable_shared_from_this<mirror> {
 public:
  struct dependencies {
    http::upstream& target;
    service::background_tasks& background;
    telemetry::registry& metrics;
    std::size_t loop_count;
  };
  /// `base_url` is the URL of the upstream; the dependencies must outlive this object and its requests.
  mirror(const std::string& route, const mirror_entry& entry, std::string base_url, const dependencies& dependencies);

  /// Returns a copy for the current request, or null if the request is not mirrored.
  std::shared_ptr<mirrored_request> begin();
  std::size_t max_body_bytes() const noexcept { return max_body_bytes_; }

 private:
  friend class mirrored_request;
  static task<> send(std::shared_ptr<mirrored_request> copy);

  http::upstream& target_;
  service::background_tasks& background_;
  std::string base_url_;
  double probability_;
  std::size_t max_in_flight_;
  std::size_t max_body_bytes_;
  telemetry::counter& sent_;
  telemetry::counter& failed_;
  telemetry::counter& dropped_;
  telemetry::counter& skipped_;
  /// Element `i` belongs to the loop with the index `i`.
  std::vector<std::size_t> in_flight_;
};

/// The copy of one request. Must be used on the loop of the request.
class mirrored_request : public std::enable_shared_from_this<mirrored_request> {
 public:
  explicit mirrored_request(std::shared_ptr<mirror> owner);
  /// Counts a copy that was not sent, because its body was too long or incomplete.
  ~mirrored_request();
  mirrored_request(const mirrored_request&) = delete;
  mirrored_request& operator=(const mirrored_request&) = delete;

  /// Announces a body, which `append_body` and `end_body` add.
  void expect_body() noexcept { has_body_ = true; }
  /// Copies the request as it is forwarded, to a backend whose URL has the path `base_path`. Sends the copy if it has
  /// no body.
  void copy_head(const http::client_request& request, std::string_view base_path, std::string_view request_id);
  void append_body(std::string_view part);
  /// Ends the body and sends the copy.
  void end_body();

 private:
  friend class mirror;
  void start();

  std::shared_ptr<mirror> owner_;
  std::size_t loop_index_;
  http::client_request request_;
  std::string request_id_;
  bool has_body_ = false;
  bool has_head_ = false;
  bool is_too_long_ = false;
  bool is_started_ = false;
};

}  // namespace cohort::gateway
