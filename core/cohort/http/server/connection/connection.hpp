// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <cohort/http/message/request/forwarded.hpp>
#include <cohort/http/message/request/input_buffer.hpp>
#include <cohort/http/message/request/request_line.hpp>
#include <cohort/http/message/request/request_parser.hpp>
#include <cohort/http/server/connection/handler_run.hpp>
#include <cohort/http/server/connection/request_body_reader.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/http/server/server_shard.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/activity.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/memory/recycled_optional.hpp>

namespace cohort::http {

class upgraded_connection;

/// A client's connection: reads requests and writes the responses in their order. Responses to pipelined requests are
/// sent in one write.
class connection final : public open_connection, private interim_sender {
 public:
  /// `shard` must outlive the connection. `cancel_signal` cancels the coroutine of `run`. `tls` is null for a plain
  /// connection.
  connection(server_shard& shard, net::stream_ptr stream, asio::cancellation_signal& cancel_signal,
             std::unique_ptr<const tls_connection_info> tls, connection_info info);
  ~connection();

  /// Serves requests until the client or the server closes the connection.
  task<> run();

  std::optional<idleness> idle(time_point now, duration grace_period) const noexcept override;
  void shed() noexcept override;
  void drain() noexcept override;

 private:
  friend class request_body_reader;

  /// The next state of the connection after a request.
  enum class disposition {
    keep_alive,
    /// Send the buffered bytes, then close so that the client receives all of them.
    linger,
    /// Close the connection immediately.
    close,
  };
  /// The result of reading a header section or a body.
  enum class read_result {
    complete,
    /// The header section or body was invalid, too large or too slow; `rejection_` is the status of the response.
    rejected,
    /// The client closed the connection, or it was idle for too long.
    closed,
  };
  /// The reason why a request has no response from a handler.
  enum class no_response {
    /// The request must wait for its body or for an asynchronous handler.
    pending,
    /// The body of the request was rejected; `rejection_` is the status of the response.
    rejected,
    /// Reading or writing failed.
    connection_lost,
    /// The client disconnected while the handler ran.
    client_disconnected,
    /// The server shut down while the handler ran.
    shutdown,
  };
  using handling_result = std::variant<response, no_response>;

  /// nginx's status for a client that disconnected before the response; only counted and logged.
  static constexpr auto client_closed_request = static_cast<status>(499);

  // Reading (connection_reading.cpp).
  void begin_head() noexcept;
  std::optional<read_result> scan_head();
  std::optional<read_result> end_head_read(const net::io_result& size, bool awaits_request);
  task<read_result> read_body(deadline response_deadline);
  deadline head_deadline(bool awaits_request) noexcept;
  task<read_result> fill_buffer(deadline read_deadline);
  void begin_read(deadline read_deadline, bool awaits_request);
  read_result end_read(const net::io_result& size, bool awaits_request);
  bool reserve_body_bytes();
  void release_body() noexcept;
  void release_body_bytes() noexcept;
  std::uint64_t max_body_bytes() const noexcept;
  std::size_t min_body_rate() const noexcept;
  void buffer_continue();
  bool can_discard_body();
  task<disposition> discard_body();
  void cancel_shedding() noexcept;
  task<> pause_pipeline();

  // Handling (connection.cpp).
  task<disposition> handle_request();
  void prepare(request_context& context, time_point start);
  telemetry::request_record& open_record(request_context& context, time_point start);
  task<response> start_handler(const handler& handler, request_context& context);
  void find_client(request_context& context);
  bool leave_reserve() noexcept;
  handling_result handle_immediately(request_context& context);
  handling_result dispatch(request_context& context);
  task<handling_result> handle_async(request_context& context);
  handling_result end_handling(request_context& context, handler_cancellation cause,
                               detail::task_outcome<response>& outcome);
  static response deadline_response();
  response call_sync_handler(request_context& context, const sync_handler& sync);
  disposition finish_without_response(request_context& context, no_response reason, time_point start);
  task<disposition> send_streamed_response(const request_context& context, const response& result, bool keep_alive);
  void add_server_timing(response& result, request_context& context, time_point start) const;

  // Deadline (connection_deadline.cpp).
  duration request_timeout() const noexcept;
  bool extends_deadline() const noexcept;
  deadline current_deadline(const request_context& context) const noexcept;
  void limit_recorded_calls(request_context& context) const noexcept;

  // Upgrades (connection_upgrade.cpp).
  task<disposition> run_upgrade(request_context& context, const response& result, time_point start);

  // Handling of requests within middleware (connection_middleware.cpp).
  class wrapped_request;
  task<handling_result> handle_in_middleware(request_context& context);

  // Writing (connection_writing.cpp).
  void reject();
  response rejection_response() const;
  bool can_keep_alive(const response& result) const;
  void append_head(const response& result, std::optional<std::uint64_t> content_length, bool keep_alive,
                   bool is_chunked);
  bool buffer_response(const response& result, bool keep_alive);
  task<bool> send_unbuffered(std::string_view content);
  bool try_flush();
  task<bool> flush();
  task<bool> send_interim(const response& interim) override;
  task<> linger();

  // Metrics and logs (connection_logging.cpp).
  time_point begin_response() noexcept;
  void record_response(const request_context& context, status code, time_point start);
  void finish_request(request_context& context, status code, std::uint64_t body_bytes, time_point start,
                      bool is_complete);
  void log_request(const request_context& context, const sent_response& response, time_point now);
  response log_handler_failure(const request_context& context, const std::exception_ptr& failure);
  /// Logs that a handler's response has an invalid status. Returns the response to the client instead.
  response replace_invalid_response(const request_context& context, status code);
  void log_aborted_body(const request_context& context, std::string_view reason);

  // Spans (connection_tracing.cpp).
  void begin_span(request_context& context) noexcept;
  void record_span(const request_context& context, const sent_response& response, time_point started);
  request_line recognized_request_line() const noexcept;

  server_shard& shard_;
  const server_limits& limits_;
  net::stream_ptr stream_;
  connection_info info_;
  std::unique_ptr<const tls_connection_info> tls_;
  /// The current request, for logs of stalls.
  activity_scope activity_{activity_kind::request};

  input_buffer input_;
  recycled_string output_;

  // The current request.
  request_head head_;
  head_scanner head_scanner_;
  recycled_optional<request_parser> parser_;
  std::string body_;
  /// The reader of a streamed body; set until the response has been sent.
  recycled_optional<request_body_reader> body_reader_;
  /// Deadline of a request whose body extends its deadline: advances with each read of the body, up to its end.
  /// Otherwise `never()`.
  deadline streaming_deadline_;
  bool has_sent_continue_ = false;
  /// While this flag is set, no other bytes are written: the body's reader waits for `interim_sent_`.
  bool is_sending_interim_ = false;
  wait_queue interim_sent_;
  /// Number of bytes of `body_` that are included in `server_state::body_bytes`.
  std::size_t reserved_body_bytes_ = 0;
  time_point request_start_{};
  /// The time at which the last bytes of the current header section arrived.
  time_point received_at_{};
  /// The time at which the current response started, and the iteration of the loop (`loop::activity_sequence`) in which
  /// it started.
  time_point responded_at_{};
  std::size_t response_sequence_ = 0;
  /// Whether only line ends of the current request have been read.
  bool may_skip_empty_line_ = true;
  /// The part of the first request's header timeout that the TLS handshake has taken.
  duration used_header_timeout_{};
  /// The generated ID of a request without a valid `X-Request-Id`.
  std::array<char, 16> request_id_{};
  const route* route_ = nullptr;
  const operation* operation_ = nullptr;
  /// The client of the current request, if the peer is a trusted proxy.
  recycled_optional<forwarded_client> forwarded_client_;
  handler_run handler_run_;
  /// The status for `read_result::rejected`.
  status rejection_{};
  /// The reason why the request is malformed: a fixed text. It is empty for other rejections.
  std::string_view rejection_reason_;
  /// The size of the last response's body.
  std::uint64_t response_bytes_ = 0;
  /// Number of further requests that this connection may carry.
  std::size_t requests_left_;
  /// Requests handled since the last read.
  std::size_t pipelined_count_ = 0;
  /// The time at which the connection last started to wait for the first byte of a request.
  time_point idle_since_{};
  /// Whether a read for the first byte of a request is pending.
  bool is_idle_ = false;
  bool is_reading_head_ = false;
  /// Whether `shed` was called; the connection then does not count as open.
  bool is_shed_ = false;
  /// The upgraded connection; null unless the connection is upgraded.
  upgraded_connection* upgraded_connection_ = nullptr;
};

}  // namespace cohort::http
