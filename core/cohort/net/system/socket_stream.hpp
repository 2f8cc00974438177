// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <cohort/net/deadline_timer.hpp>
#include <cohort/net/network.hpp>
#include <cohort/net/system/tcp_receive.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::net {

/// Stream of a connected socket: a TCP socket, or a Unix domain socket, whose peer has no address.
template <class Protocol>
class socket_stream final : public stream {
 public:
  using socket_type = asio::basic_stream_socket<Protocol, executor>;

  socket_stream(socket_type socket, loop& event_loop)
      : socket_(std::move(socket)),
        deadline_timer_(event_loop, this, [](void* self) { static_cast<socket_stream*>(self)->cancel(); }) {
    error_code ignored_error;
    socket_.non_blocking(true, ignored_error);
  }
  ~socket_stream() override { unwatch_hangup(); }

  io_result try_write(const_buffers buffers) override {
    if (deadline_timer_.expired()) return error_code{asio::error::timed_out};
    error_code error;
    // One buffer is sent by send(2), which costs less than sendmsg(2) for two buffers.
    const auto write_result =
        buffers[1].size() == 0 ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error) return error;
    receive_state_.has_sent_since_read = true;
    return write_result;
  }

  io_result try_send_file(int file, std::uint64_t offset, std::size_t count) override {
    if (deadline_timer_.expired()) return error_code{asio::error::timed_out};
    auto position = static_cast<off_t>(offset);
    const auto sent_size = ::sendfile(socket_.native_handle(), file, &position, count);
    if (sent_size >= 0) {
      receive_state_.has_sent_since_read = true;
      return static_cast<std::size_t>(sent_size);
    }
    // The file system does not support sendfile.
    if (errno == EINVAL || errno == ENOSYS) return error_code{asio::error::operation_not_supported};
    return error_code{errno, boost::system::system_category()};
  }

  void set_deadline(deadline stream_deadline) override { deadline_timer_.set(stream_deadline); }

  void watch_hangup(std::function<void()> on_hangup) override {
    watch_ = std::allocate_shared<hangup_watch>(recycling_allocator<hangup_watch>{}, std::move(on_hangup));
    wait_for_hangup();
  }

  void unwatch_hangup() noexcept override {
    if (!watch_) return;
    watch_->is_active = false;
    watch_->cancellation.emit(asio::cancellation_type::terminal);
    watch_.reset();
  }

  void watch_idle() override {
    // A read of a drained socket waits for the next event of the socket without a system call.
    if (!receive_state_.is_drained) return;
    if (!idle_read_) idle_read_ = std::make_shared<idle_read>();
    if (idle_read_->is_pending) return;
    idle_read_->is_pending = idle_read_->is_waiting = true;
    socket_.async_read_some(tcp_read_buffer{*idle_read_, receive_state_},
                            bind_recycled(idle_read_->cancellation.slot(), idle_read_handler{idle_read_}));
  }

  bool is_readable() noexcept override {
    if (idle_read_ && idle_read_->is_waiting) return false;
    const auto received_size = peek();
    return received_size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  void shutdown_write() noexcept override {
    error_code ignored_error;
    socket_.shutdown(socket_type::shutdown_send, ignored_error);
  }

  void close() noexcept override {
    stop_idle_read();
    error_code ignored_error;
    socket_.close(ignored_error);
  }

  void reset() noexcept override {
    stop_idle_read();
    error_code ignored_error;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored_error);
    socket_.close(ignored_error);
  }

  std::string peer_address() const override {
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
      error_code error;
      const auto peer = socket_.remote_endpoint(error);
      return error ? std::string{"unknown"} : peer.address().to_string();
    } else {
      return std::string{unix_peer_address};
    }
  }

 private:
  /// Returns a handler whose pending operation is in recycled memory: Asio's own allocator keeps only 16 blocks.
  template <class Handler>
  static auto bind_recycled(asio::cancellation_slot slot, Handler handler) {
    return asio::bind_allocator(recycling_allocator<std::byte>{},
                                asio::bind_cancellation_slot(slot, std::move(handler)));
  }

  struct hangup_watch {
    explicit hangup_watch(std::function<void()> callback) : on_hangup(std::move(callback)) {}
    std::function<void()> on_hangup;
    asio::cancellation_signal cancellation;
    bool is_active = true;
  };

  struct io_handler {
    socket_stream* stream;
    completion_handler<io_result> handler;
    void operator()(error_code error, std::size_t count) {
      if (error == asio::error::operation_aborted && stream->deadline_timer_.expired()) error = asio::error::timed_out;
      if (error) {
        handler(error);
      } else {
        handler(count);
      }
    }
  };

  /// The read of an idle stream, which waits for the next event of the socket. The next exchange assigns its handler to
  /// this read instead of starting an operation. If the event occurs first, the read completes without consuming the
  /// bytes.
  class idle_read final : public read_memory {
   public:
    asio::mutable_buffer prepare() override {
      is_waiting = false;
      return memory_ ? memory_->prepare() : buffer_;
    }
    void release() noexcept override {
      if (memory_) memory_->release();
    }

    /// Completes `handler` with the bytes that arrive, in `memory`, or in `buffer` if `memory` is null.
    void set_handler(read_memory* memory, asio::mutable_buffer buffer, io_handler handler) {
      is_waiting = false;
      memory_ = memory;
      buffer_ = buffer;
      handler_.emplace(std::move(handler));
      auto slot = handler_->handler.get_cancellation_slot();
      if (slot.is_connected()) slot.assign([this](asio::cancellation_type type) { cancellation.emit(type); });
    }
    /// The handler of the exchange; empty if there is none.
    std::optional<io_handler> end() noexcept {
      memory_ = nullptr;
      buffer_ = {};
      return std::exchange(handler_, std::nullopt);
    }

    asio::cancellation_signal cancellation;
    /// Whether the handler of the read will still be called.
    bool is_pending = false;
    /// Whether the read still waits: no event has occurred, and no exchange has assigned a handler.
    bool is_waiting = false;

   private:
    read_memory* memory_ = nullptr;
    asio::mutable_buffer buffer_;
    std::optional<io_handler> handler_;
  };

  /// Owns the handler of the exchange, which owns a coroutine, and the coroutine may own the stream.
  class idle_read_handler {
   public:
    explicit idle_read_handler(std::shared_ptr<idle_read> read) noexcept : read_(std::move(read)) {}
    idle_read_handler(idle_read_handler&&) noexcept = default;
    idle_read_handler& operator=(idle_read_handler&&) = delete;
    ~idle_read_handler() {
      if (read_) [[unlikely]]  // otherwise moved or called
        read_->end();
    }
    void operator()(error_code error, std::size_t count) {
      // The exchange may start the next idle read.
      const auto read = std::move(read_);
      read->is_pending = read->is_waiting = false;
      if (auto handler = read->end()) (*handler)(error, count);
    }

   private:
    std::shared_ptr<idle_read> read_;
  };

  void stop_idle_read() noexcept {
    if (idle_read_) idle_read_->is_waiting = false;
  }

  void wait_for_hangup() {
    auto on_readable = [this, current = watch_](error_code error) {
      if (!current->is_active) return;  // the stream may be destroyed
      if (error == asio::error::operation_aborted) {
        // The deadline of a read or write has cancelled all pending operations of the socket, including this wait.
        if (socket_.is_open()) wait_for_hangup();
      } else if (peek() <= 0) {  // otherwise the socket is readable because of bytes, such as a pipelined request
        current->on_hangup();
      }
    };
    socket_.async_wait(socket_type::wait_read, bind_recycled(watch_->cancellation.slot(), std::move(on_readable)));
  }

  /// Returns the result of recv(2) with MSG_PEEK for one byte, which remains in the socket.
  ssize_t peek() noexcept {
    char byte;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  }

  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override {
    start_read(tcp_read_buffer{buffer, receive_state_}, std::move(handler));
  }

  void start_deferred_read(read_memory& memory, completion_handler<io_result> handler) override {
    start_read(tcp_read_buffer{memory, receive_state_}, std::move(handler));
  }

  void start_read(const tcp_read_buffer& buffer, completion_handler<io_result> handler) {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    if (receive_state_.is_drained && !receive_state_.has_sent_since_read) {
      // A reset that arrived together with the last bytes causes no further event.
      error_code error;
      const auto size = buffer.receive(socket_.native_handle(), 0, error);
      if (!error) return handler.post(size);
      if (error != asio::error::would_block) return handler.post(error);
    }
    if (idle_read_ && idle_read_->is_waiting) {
      return idle_read_->set_handler(buffer.memory, buffer, io_handler{this, std::move(handler)});
    }
    const auto slot = handler.get_cancellation_slot();
    socket_.async_read_some(buffer, bind_recycled(slot, io_handler{this, std::move(handler)}));
  }

  void start_write(const_buffers buffers, completion_handler<io_result> handler) override {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    const auto slot = handler.get_cancellation_slot();
    receive_state_.has_sent_since_read = true;
    socket_.async_write_some(buffers, bind_recycled(slot, io_handler{this, std::move(handler)}));
  }

  void start_wait_writable(completion_handler<io_result> handler) override {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    const auto slot = handler.get_cancellation_slot();
    auto complete = [adapter = io_handler{this, std::move(handler)}](error_code error) mutable { adapter(error, 0); };
    socket_.async_wait(socket_type::wait_write, asio::bind_cancellation_slot(slot, std::move(complete)));
  }

  void cancel() noexcept {
    stop_idle_read();
    error_code ignored_error;
    socket_.cancel(ignored_error);
  }

  socket_type socket_;
  tcp_receive_state receive_state_;
  deadline_timer deadline_timer_;
  std::shared_ptr<hangup_watch> watch_;
  std::shared_ptr<idle_read> idle_read_;
};

/// A listening socket.
template <class Protocol>
struct listener {
  /// Maximum number of connections that are accepted without waiting. If each accept waited for the loop's other
  /// handlers, an overloaded loop would accept fewer connections than arrive. Requests would then wait in the
  /// listener's backlog, without admission control.
  static constexpr unsigned max_accept_burst = 256;

  asio::basic_socket_acceptor<Protocol, executor> acceptor;
  Protocol protocol;
  /// The number of connections that may still be accepted without waiting.
  unsigned remaining_burst = 0;
};

/// Accepts a connection from the backlog. The error is `would_block` if the backlog is empty. Precondition: the
/// acceptor does not block.
template <class Protocol>
error_code try_accept(listener<Protocol>& source, asio::basic_stream_socket<Protocol, executor>& socket) {
  // Asio's synchronous accept can block after a failure.
  const int descriptor = ::accept4(source.acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return error_code{errno, boost::system::system_category()};
  error_code error;
  socket.assign(source.protocol, descriptor, error);
  if (error) ::close(descriptor);
  return error;
}

/// Waits for a connection and returns its socket, on the loop `target`. `source` must outlive the task.
template <class Protocol>
task<result<std::shared_ptr<asio::basic_stream_socket<Protocol, executor>>>> accept_socket(listener<Protocol>& source,
                                                                                           loop& target) {
  using socket_type = asio::basic_stream_socket<Protocol, executor>;
  // The completion must not allocate, because an exception there could not be reported.
  auto socket = std::make_shared<socket_type>(target.context());
  if (source.remaining_burst > 0) {
    --source.remaining_burst;
    if (!try_accept(source, *socket)) co_return std::move(socket);
    // The asynchronous accept reports the error if it persists.
    source.remaining_burst = 0;
  }
  struct accept_result {
    error_code error;
  };
  auto accept_task = async_operation<accept_result>([&source, &socket](completion_handler<accept_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error) mutable { handler(accept_result{error}); };
    source.acceptor.async_accept(*socket, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  const auto accept_outcome = co_await std::move(accept_task);
  if (accept_outcome.error) co_return accept_outcome.error;
  source.remaining_burst = listener<Protocol>::max_accept_burst;
  co_return std::move(socket);
}

/// Connects `socket`, which must outlive the task. The error is `timed_out` at the deadline.
template <class Protocol>
task<error_code> connect_socket(asio::basic_stream_socket<Protocol, executor>& socket, typename Protocol::endpoint peer,
                                deadline connect_deadline) {
  using socket_type = asio::basic_stream_socket<Protocol, executor>;
  auto& event_loop = loop::current();
  const auto cancel = [](void* pending) {
    error_code ignored_error;
    static_cast<socket_type*>(pending)->cancel(ignored_error);
  };
  deadline_timer timer{event_loop, &socket, cancel};
  timer.set(connect_deadline);
  if (connect_deadline.expired(event_loop.now())) co_return error_code{asio::error::timed_out};
  auto connect_task = async_operation<io_result>([&socket, peer](completion_handler<io_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error) mutable { handler(error ? io_result{error} : 0); };
    socket.async_connect(peer, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  const auto connect_result = co_await std::move(connect_task);
  if (connect_result) co_return error_code{};
  const bool has_timed_out = connect_result.error() == asio::error::operation_aborted && timer.expired();
  co_return has_timed_out ? error_code{asio::error::timed_out} : connect_result.error();
}

}  // namespace cohort::net
