#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/http/context.hpp"
#include "core/http/input_buffer.hpp"
#include "core/http/request_parser.hpp"
#include "core/http/server.hpp"
#include "core/net/stream.hpp"

namespace cohort::http {

/// One client's connection: requests in, answers out, in order. Pipelined answers leave in one write.
class connection {
 public:
  /// `cancel` stops whatever this connection's task waits in.
  connection(server_shard& shard, net::stream_ptr client, asio::cancellation_signal& cancel);
  ~connection();

  /// Until the client or the server has had enough.
  task<> run();

  /// The server wants to end: soon if nothing is going on, else after the answer.
  void drain();

 private:
  enum class outcome { keep, close, linger };

  // Reading.
  task<bool> read_head();
  task<bool> read_body(deadline answer_by);
  bool account_for_body();
  void release_body() noexcept;
  task<bool> fill(deadline until, bool waits_for_request);

  // Answering.
  task<outcome> answer();
  std::optional<response> answer_at_once(request_context& context, const route* matched);
  task<std::optional<response>> answer_in_time(request_context& context, const route& matched);
  task<std::optional<response>> run_handler(request_context& context, const route& matched,
                                            const awaiting_handler& handle);
  task<bool> stream_body(const response& from);
  task<outcome> refuse(status code);
  bool decide_keep_alive(const response& from) const;
  void append_head(const response& from, std::optional<std::size_t> length, bool keep, bool chunked);
  task<bool> append_answer(const response& from, bool keep);
  bool flush_at_once();
  task<bool> flush();
  void tell_timing(request_context& context, response& on, time_point began);
  void report(const request_context& context, const route* matched, status code, time_point started);
  response failed(const std::exception_ptr& failure);
  /// As much of the path as a log line needs.
  std::string_view shown_path() const noexcept { return head_.path.substr(0, 1024); }

  // While a handler waits.
  void arm_handler_timer();
  void on_handler_timer();
  void on_hangup();
  task<> linger();

  server_shard& shard_;
  const server_limits& limits_;
  net::stream_ptr stream_;
  asio::cancellation_signal& cancel_;
  std::string peer_;

  input_buffer in_;
  std::string out_;

  request_head head_;
  head_scanner scanner_;
  std::optional<request_parser> parser_;
  std::string body_;
  std::size_t body_accounted_ = 0;
  time_point request_began_{};
  const route* matched_ = nullptr;  // of the request being answered

  enum class interruption { none, deadline, hangup, server_end };
  bool idle_ = false;
  bool in_handler_ = false;
  bool watching_ = false;
  interruption interrupted_ = interruption::none;
  deadline handler_until_;
  bound_timer<&connection::on_handler_timer> handler_timer_;
};

}  // namespace cohort::http
