// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/websocket/message_decoder.hpp>
#include <cohort/http/websocket/websocket_metrics.hpp>
#include <cohort/http/websocket/websocket_settings.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::http {

/// A frame as sent, which several connections can share.
using encoded_frame = std::shared_ptr<const std::string>;

/// A WebSocket after its handshake: reads and writes frames, responds to pings, and closes the connection. The class
/// uses completion handlers instead of a coroutine, so that an idle connection needs little memory. The pending
/// operations share the ownership of the connection. Used on one loop.
class websocket_connection : public std::enable_shared_from_this<websocket_connection> {
 public:
  struct parameters {
    websocket_settings settings;
    websocket_role role = websocket_role::server;
    bool is_compressed = false;
    /// Bytes that were received after the handshake.
    std::string received;
    /// May be null.
    websocket_metrics* metrics = nullptr;
    /// The bytes of received messages in memory, summed over all connections that share this counter. A connection that
    /// exceeds `max_shared_bytes` is closed with 1013. No limit if null.
    std::atomic<std::size_t>* shared_bytes = nullptr;
    std::size_t max_shared_bytes = 0;
  };

  /// `stream` must outlive the connection, unless it is also passed as `stream_owner`.
  websocket_connection(net::stream& stream, net::stream_ptr stream_owner, parameters values);
  ~websocket_connection();

  /// Begins to read. Precondition: the object is owned by a `shared_ptr`.
  void start();
  /// Sets a callback that is called once, when the connection is closed.
  void on_ended(std::function<void()> callback) { on_ended_ = std::move(callback); }

  /// The next message that was received; empty if there is none.
  std::optional<websocket_message> take_message();
  bool has_message() const noexcept { return !inbox_.empty(); }
  /// Waiters for messages, and for space in the queue; all are notified when the state changes.
  wait_queue& readers() noexcept { return readers_; }
  wait_queue& senders() noexcept { return senders_; }

  /// Whether messages can be sent: no close frame has been sent or received.
  bool is_open() const noexcept { return !is_closing_ && !has_ended_; }
  bool is_queue_full() const noexcept;
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  /// Encodes a message for this connection.
  encoded_frame encode(std::string message, websocket_message::kind type);
  /// Queues a frame and writes the bytes that the stream accepts without waiting. Precondition: `is_open()`.
  void send(encoded_frame frame);
  /// Removes the oldest messages until the queue is not full.
  void drop_oldest();

  /// Sends a close frame after the queued messages. Further calls have no effect.
  void close(std::uint16_t code, std::string_view reason);
  /// Closes the connection immediately.
  void abort() { end(); }
  /// Whether the connection is closed and its stream is no longer in use.
  bool is_finished() const noexcept { return has_ended_ && !is_reading_ && !is_writing_; }
  wait_queue& finish_waiters() noexcept { return finish_waiters_; }

  /// Once the connection is closed, returns the code of the first close frame; 1006 if there was none.
  std::uint16_t close_code() const noexcept { return close_code_; }
  const std::string& close_reason() const noexcept { return close_reason_; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  const websocket_settings& settings() const noexcept { return settings_; }

 private:
  enum class frame_kind : std::uint8_t { message, pong, control };
  struct queued_frame {
    encoded_frame bytes;
    frame_kind kind;
  };

  bool is_inbox_full() const noexcept;
  void read_more();
  void on_read(const net::io_result& size);
  void decode();
  void update_shared_bytes();
  void handle(message_decoder::event event);
  void on_close_frame();
  /// The first frame of the queue whose transmission has not started.
  std::list<queued_frame>::iterator first_unsent();
  /// Replaces a pong that is still queued: after several pings, it is sufficient to respond to the last ping (RFC 6455
  /// section 5.5.3). This prevents a peer that sends pings and reads nothing from filling the queue.
  void send_pong(std::string_view payload);
  void send_control(websocket_opcode opcode, std::string_view payload);
  void enqueue(encoded_frame frame, frame_kind kind);
  void write_more();
  void on_written(std::size_t size);
  void end();
  void schedule_timer();
  void on_timer();

  net::stream_ptr stream_owner_;
  net::stream& stream_;
  loop& loop_;
  websocket_settings settings_;
  websocket_role role_;
  bool is_compressed_;
  websocket_metrics* metrics_;
  std::atomic<std::size_t>* shared_bytes_;
  std::size_t max_shared_bytes_;
  /// Number of bytes of this connection that `shared_bytes_` includes.
  std::size_t counted_bytes_ = 0;
  message_decoder decoder_;
  std::function<void()> on_ended_;

  /// The bytes that were received and not decoded.
  std::string input_;
  std::size_t input_size_ = 0;
  std::size_t read_size_;
  std::list<websocket_message> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::list<queued_frame> outbox_;
  std::size_t queued_message_count_ = 0;
  std::size_t queued_bytes_ = 0;
  /// Number of bytes written of the first frame.
  std::size_t written_bytes_ = 0;

  bool has_started_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  /// Whether a close frame was queued or received, or the peer violated the protocol.
  bool is_closing_ = false;
  bool is_close_queued_ = false;
  bool is_close_received_ = false;
  /// Whether further messages of the peer are ignored.
  bool is_discarding_ = false;
  bool is_ping_pending_ = false;
  bool has_ended_ = false;

  std::uint16_t close_code_ = close_code::abnormal_closure;
  std::string close_reason_;
  std::uint64_t bytes_sent_ = 0;
  time_point last_receive_time_;
  time_point last_message_time_;
  time_point write_progress_;
  time_point close_start_;
  wait_queue readers_;
  wait_queue senders_;
  wait_queue finish_waiters_;
  bound_timer<&websocket_connection::on_timer> timer_;
};

}  // namespace cohort::http
