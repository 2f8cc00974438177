// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/http/client/connection/connection_pool.hpp>
#include <cohort/http/client/protocol/response_reader.hpp>
#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/runtime/memory/recycled_object.hpp>

namespace cohort::http {

/// One exchange whose bodies are streamed: sends the request, reads the head of the response, then streams its body.
/// Owns the connection until the end of the body.
class streamed_exchange final : public response_body_stream, public recycled_object {
 public:
  /// If `timeout_is_failure`, timeouts are reported to the load balancer as failures of the address.
  streamed_exchange(connection_pool::lease lease, response_parser::limits limits, bool is_head_request,
                    bool timeout_is_failure);

  /// Sends the header section `head` and the body of `source`, which may be null, and concurrently reads the head of
  /// the response. A server may respond before it has read the entire body. After an early response with status 300 or
  /// higher, the rest of the body is not sent. May be called once. `head` and `source` must outlive the task.
  /// `on_interim` may be null; it must also outlive the task.
  task<std::optional<client_error>> run(std::string_view head, request_body_source* source, call_context context,
                                        const interim_callback* on_interim);

  /// The status and header fields, once `run` has returned no error.
  client_response& head() noexcept { return head_; }
  /// Whether a reused connection was closed before any byte of a response.
  bool is_stale(client_error error) const noexcept;
  const net::endpoint& address() const noexcept { return lease_.address(); }
  /// Whether any byte of the request body has been read from its source.
  bool has_read_source() const noexcept { return has_read_source_; }

  task<result<std::string_view, client_error>> read(deadline read_deadline) override;
  bool is_complete() const noexcept override { return is_done_; }
  std::string take_remaining_bytes() override;
  net::stream& connection() noexcept override { return lease_.stream(); }
  std::string take_received_bytes() override { return reader_.take_excess_bytes(); }

 private:
  class duplex;

  task<std::optional<client_error>> send_body(std::string_view head, request_body_source* source, call_context context);
  task<std::optional<client_error>> read_head();
  task<> report_interim_response();
  client_error head_error(error_code failure);
  void end(bool is_reusable);
  client_error fail(client_error error);

  connection_pool::lease lease_;
  response_reader reader_;
  client_response head_;
  /// The chunk of the body that `read` returned last.
  std::string part_;
  std::optional<client_error> failure_;
  /// The callback for interim responses; null once the head of the response has been read.
  const interim_callback* on_interim_ = nullptr;
  unsigned interim_count_ = 0;
  bool timeout_is_failure_;
  bool has_read_source_ = false;
  bool is_sent_ = false;
  bool has_send_failed_ = false;
  bool has_received_ = false;
  bool is_done_ = false;
};

}  // namespace cohort::http
