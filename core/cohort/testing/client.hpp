// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/http/client/client.hpp>
#include <cohort/http/client/websocket_connect.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/sim/fleet.hpp>
#include <cohort/testing/request.hpp>
#include <cohort/testing/response_stream.hpp>
#include <cohort/testing/websocket_client.hpp>

namespace cohort::testing {

/// HTTP client of a test, for one server. Must be called outside the loop's tasks; each call advances virtual time
/// until it completes. A target that does not begin with `/` or is not a valid path and query throws
/// `std::invalid_argument`.
class client {
 public:
  /// Calls the servers of a fleet from its host `host_name`. `base_url` is the URL of a node: `node.url()`. The fleet
  /// must outlive the client.
  client(sim::fleet& fleet, std::string base_url, const std::string& host_name = "client");
  virtual ~client() = default;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends the request and returns the complete response. A response of any status is a success.
  sim::call_result call(request message);
  sim::call_result get(std::string target, header_fields fields = {});
  sim::call_result head(std::string target, header_fields fields = {});
  sim::call_result del(std::string target, header_fields fields = {});
  /// `content_type` is added to `fields` unless it is empty.
  sim::call_result post(std::string target, std::string body, std::string content_type = "application/json",
                        header_fields fields = {});
  sim::call_result put(std::string target, std::string body, std::string content_type = "application/json",
                       header_fields fields = {});
  sim::call_result patch(std::string target, std::string body, std::string content_type = "application/json",
                         header_fields fields = {});

  /// Sends the request and returns once the head of the response has arrived.
  result<response_stream, http::client_error> open(request message);
  /// Opens a stream of server-sent events. `last_event_id` is sent unless it is empty.
  result<response_stream, http::client_error> events(std::string target, std::string last_event_id = {});
  /// Opens a WebSocket. The error has the status of a rejected handshake.
  result<websocket_client, http::websocket_connect_error> websocket(std::string target,
                                                                    http::websocket_connect_options options = {},
                                                                    duration timeout = std::chrono::seconds{30});

  virtual_time& time() noexcept { return time_; }
  /// Runs the loop for this virtual time.
  void run_for(duration span) { time_.run_for(span); }

 protected:
  /// `time` and `transport` must outlive the calls; the constructor does not use them.
  client(virtual_time& time, http::client& transport, std::string base_url);
  /// Called before each connection or request.
  virtual void prepare() {}

 private:
  boost::urls::url url_of(std::string_view target) const;
  http::client_request to_client_request(request& message) const;
  sim::call_result send_body(http::method method, std::string target, std::string body, std::string content_type,
                             header_fields fields);

  virtual_time& time_;
  http::client& transport_;
  std::string base_url_;
};

}  // namespace cohort::testing
