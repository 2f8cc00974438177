// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// Stores a handler on the heap, because the handlers of Asio's composed TLS operations are too large for a
/// `completion_handler`.
template <class Handler>
struct boxed_handler {
  using cancellation_slot_type = asio::cancellation_slot;
  /// `*pending` is true until the handler is called. `pending` may be null.
  explicit boxed_handler(Handler handler, bool* pending = nullptr)
      : heap_handler(std::make_unique<Handler>(std::move(handler))), is_pending(pending) {
    if (is_pending) *is_pending = true;
  }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(*heap_handler);
  }
  void operator()(io_result transferred) {
    auto handler = std::move(*heap_handler);
    heap_handler.reset();
    if (is_pending) *is_pending = false;
    handler(transferred ? error_code{} : transferred.error(), transferred ? *transferred : 0);
  }
  std::unique_ptr<Handler> heap_handler;
  bool* is_pending;
};

/// Adapts a `stream` to the AsyncStream that `asio::ssl::stream` requires as its next layer.
class tls_next_layer {
 public:
  using executor_type = executor;
  using lowest_layer_type = tls_next_layer;

  tls_next_layer(stream& plain, executor loop_executor) : plain_(plain), executor_(loop_executor) {}
  executor_type get_executor() const noexcept { return executor_; }
  lowest_layer_type& lowest_layer() noexcept { return *this; }
  const lowest_layer_type& lowest_layer() const noexcept { return *this; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_non_empty_buffer<asio::mutable_buffer>(buffers)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          protected_access::read(plain_, first,
                                 completion_handler<io_result>(boxed(std::forward<decltype(handler)>(handler))));
        },
        token);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_non_empty_buffer<asio::const_buffer>(buffers)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          protected_access::write(
              plain_, {first, asio::const_buffer{}},
              completion_handler<io_result>(boxed(std::forward<decltype(handler)>(handler), &is_writing_)));
        },
        token);
  }
  /// Whether a write of Asio's TLS stream is pending.
  bool is_writing() const noexcept { return is_writing_; }

 private:
  /// Calls the protected `start_read` and `start_write` of a stream.
  struct protected_access : stream {
    static void read(stream& plain, asio::mutable_buffer buffer, completion_handler<io_result> handler) {
      (plain.*&protected_access::start_read)(buffer, std::move(handler));
    }
    static void write(stream& plain, const_buffers buffers, completion_handler<io_result> handler) {
      (plain.*&protected_access::start_write)(buffers, std::move(handler));
    }
  };

  template <class Buffer, class Buffers>
  static Buffer first_non_empty_buffer(const Buffers& buffers) {
    const auto end = asio::buffer_sequence_end(buffers);
    for (auto position = asio::buffer_sequence_begin(buffers); position != end; ++position) {
      const Buffer buffer{*position};
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  stream& plain_;
  executor executor_;
  bool is_writing_ = false;
};

/// TLS over another stream, as client or server. `handshake` must have succeeded before the first read or write.
class tls_stream final : public stream {
 public:
  /// `context` may be destroyed before the stream.
  tls_stream(stream_ptr plain, asio::ssl::context& context, executor loop_executor);
  ~tls_stream() override;
  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  asio::ssl::stream<tls_next_layer>& ssl_stream() noexcept { return connection_->tls; }
  SSL* native_handle() noexcept { return connection_->tls.native_handle(); }
  /// Performs the handshake. The result is 0, or an error of the plain stream or of Asio's SSL category.
  task<io_result> handshake(asio::ssl::stream_base::handshake_type type);
  /// Returns the plain stream after a failed handshake. Afterwards, only the destructor may be called.
  stream_ptr release_plain() noexcept { return std::move(connection_->plain); }

  /// Encrypts up to 16 KiB. If the plain stream does not accept the complete record, the last byte counts as not
  /// written. The next write then sends the rest of the record instead of that byte.
  io_result try_write(const_buffers buffers) override;
  void set_deadline(deadline stream_deadline) override;
  /// Reads and decrypts one byte ahead, because `plain` also receives bytes for session tickets and the peer's
  /// close_notify. Removes the deadline.
  void watch_hangup(std::function<void()> on_hangup) override;
  void unwatch_hangup() noexcept override;
  bool is_readable() noexcept override;
  /// Sends close_notify (RFC 8446 section 6.1), unless that requires waiting. Precondition: no write is pending.
  void shutdown_write() noexcept override;
  /// Responds to the peer's close_notify, unless that requires waiting.
  void close() noexcept override;
  void reset() noexcept override;
  std::string peer_address() const override { return connection_->plain->peer_address(); }

 private:
  /// The state that a pending read of a hangup watch uses. The state outlives the stream until that read has ended.
  struct connection {
    connection(stream_ptr plain_stream, asio::ssl::context& context, executor loop_executor)
        : plain(std::move(plain_stream)), tls(tls_next_layer{*plain, loop_executor}, context) {}
    stream_ptr plain;
    asio::ssl::stream<tls_next_layer> tls;
  };
  /// A read of one byte that detects a closed connection.
  struct pending_watch {
    std::shared_ptr<connection> keep_alive;
    /// The stream; null after its destruction.
    tls_stream* owner = nullptr;
    asio::cancellation_signal cancellation;
    char byte = 0;
  };
  struct deferred_read {
    asio::mutable_buffer buffer;
    completion_handler<io_result> handler;
  };

  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override;
  void start_write(const_buffers buffers, completion_handler<io_result> handler) override;
  void start_send_unsent(completion_handler<io_result> handler);
  void send_close_notify() noexcept;
  void start_watch_read();
  void on_watch_read(error_code error, std::size_t count);

  std::shared_ptr<connection> connection_;
  /// The bytes of a record that the plain stream has not yet accepted.
  std::string unsent_record_;
  std::function<void()> on_hangup_;
  std::shared_ptr<pending_watch> watch_;
  /// A read that waits for the end of a cancelled watch.
  std::optional<deferred_read> deferred_read_;
  /// The byte that a hangup watch has read.
  std::optional<char> read_ahead_byte_;
};

}  // namespace cohort::net
