// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <cohort/messaging/error.hpp>
#include <cohort/messaging/message.hpp>
#include <cohort/messaging/rabbitmq/protocol/method.hpp>
#include <cohort/messaging/rabbitmq/settings.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::messaging::rabbitmq {

/// A message that has arrived by `basic.deliver`.
struct arrived_message {
  std::uint64_t tag = 0;
  bool is_redelivered = false;
  std::string topic{};
  content_header header{};
  std::string body{};
  /// Whether the body exceeded the size limit and has been discarded.
  bool is_too_large = false;
};

/// Receives the events of a session.
class session_observer {
 public:
  virtual ~session_observer() = default;
  virtual void on_message(std::uint16_t channel, arrived_message message) = 0;
  /// Returns false if the tag is invalid.
  virtual bool on_confirm(std::uint64_t tag, bool is_multiple, bool is_accepted) = 0;
  virtual void on_returned(const std::string& message_id) = 0;
  virtual void on_channel_closed(std::uint16_t channel, const error& reason) = 0;
  /// Called when the broker is short of memory or disk space and stops reading messages (`is_blocked`), and when it
  /// reads messages again.
  virtual void on_blocked(bool is_blocked) = 0;
};

/// One connection to RabbitMQ by AMQP 0-9-1: login, frames, heartbeats, channels. The session ends when its stream is
/// closed. Used on one loop.
class session {
 public:
  /// The references must outlive the session.
  session(net::stream_ptr stream, const settings& settings, session_observer& observer);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Logs in and opens the virtual host, by the deadline of the stream. Returns the error.
  task<std::optional<error>> open();
  /// Reads, writes and sends heartbeats until the connection is closed. Returns the reason.
  task<error> run();
  /// Sends a method and waits for the response. If the broker closes the channel instead, returns the broker's error.
  task<result<void>> call(std::uint16_t channel, std::string bytes, method_id expected);

  /// The output buffer: append frames to it; `flush` sends them.
  std::string& output() noexcept { return output_; }
  void flush() { output_available_.set(); }
  std::size_t max_frame_size() const noexcept { return max_frame_size_; }

  /// Ends `run` with this reason.
  void fail(error reason);

  /// Closes a channel. Frames that arrive on the channel are discarded, and its number cannot be reused until the
  /// broker has confirmed the close.
  void close_channel(std::uint16_t channel);
  bool is_closing(std::uint16_t channel) const { return closing_channels_.contains(channel); }

 private:
  struct pending_call {
    method_id expected;
    std::optional<error> failure{};
    event done{};
  };
  struct content {
    bool is_returned = false;
    bool has_header = false;
    arrived_message received_message{};
  };

  /// Reads the next frame. Its payload is valid until the next call.
  task<result<frame>> read_frame();
  task<result<void>> expect(method_id expected, std::string* arguments);
  task<result<void>> send(std::string bytes);
  std::string start_ok() const;
  task<std::optional<error>> read();
  task<std::optional<error>> write();
  task<std::optional<error>> watch();
  std::optional<error> on_frame(const frame& frame);
  std::optional<error> on_method(std::uint16_t channel, std::string_view payload);
  std::optional<error> on_connection_method(method_id method, wire_reader& arguments);
  std::optional<error> on_channel_close(std::uint16_t channel, wire_reader& arguments);
  std::optional<error> on_basic_method(std::uint16_t channel, method_id method, wire_reader& arguments);
  std::optional<error> on_content(const frame& frame);
  void end_content(std::uint16_t channel, content& complete);
  void respond(std::uint16_t channel, method_id method);

  loop& loop_;
  net::stream_ptr stream_;
  const settings& settings_;
  session_observer& observer_;
  frame_parser parser_;
  std::string input_;
  std::string output_;
  event output_available_;
  std::size_t max_frame_size_;
  duration heartbeat_{};
  time_point last_received_{};
  time_point last_sent_{};
  std::map<std::uint16_t, pending_call*> calls_;
  std::map<std::uint16_t, content> contents_;
  std::set<std::uint16_t> closing_channels_;
  std::optional<error> failure_;
  bool is_closed_by_broker_ = false;
  event failed_;
};

}  // namespace cohort::messaging::rabbitmq
