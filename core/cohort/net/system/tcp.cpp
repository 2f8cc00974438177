// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/tcp.hpp>

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>

#include <cohort/net/deadline_timer.hpp>
#include <cohort/net/system/tcp_receive.hpp>

namespace cohort::net {
namespace {

namespace ip = asio::ip;

class tcp_stream final : public stream {
 public:
  tcp_stream(tcp_socket socket, loop& event_loop)
      : socket_(std::move(socket)),
        deadline_timer_(event_loop, this, [](void* self) { static_cast<tcp_stream*>(self)->cancel(); }) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }
  ~tcp_stream() override { unwatch_hangup(); }

  io_result try_write(const_buffers buffers) override {
    if (deadline_timer_.expired()) return error_code{asio::error::timed_out};
    error_code error;
    // One buffer is sent by send(2), two by sendmsg(2), which costs more.
    const auto written =
        buffers[1].size() == 0 ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error) return error;
    receive_state_.has_sent_since = true;
    return written;
  }

  io_result try_send_file(int file, std::uint64_t offset, std::size_t count) override {
    if (deadline_timer_.expired()) return error_code{asio::error::timed_out};
    auto position = static_cast<off_t>(offset);
    const auto sent = ::sendfile(socket_.native_handle(), file, &position, count);
    if (sent >= 0) {
      receive_state_.has_sent_since = true;
      return static_cast<std::size_t>(sent);
    }
    // A file system without sendfile.
    if (errno == EINVAL || errno == ENOSYS) return error_code{asio::error::operation_not_supported};
    return error_code{errno, boost::system::system_category()};
  }

  void set_deadline(deadline stream_deadline) override { deadline_timer_.set(stream_deadline); }

  void watch_hangup(std::function<void()> on_hangup) override {
    stop_idle_watch();
    watch_ = std::make_shared<hangup_watch>(std::move(on_hangup));
    wait_for_hangup();
  }

  void unwatch_hangup() noexcept override {
    if (!watch_) return;
    watch_->active = false;
    watch_->cancellation.emit(asio::cancellation_type::terminal);
    watch_.reset();
  }

  void watch_idle() override {
    // A read of a drained socket waits for its next event, and that costs no system call.
    if (!receive_state_.is_drained) return;
    if (!idle_watch_) idle_watch_ = std::make_shared<idle_watch>();
    if (idle_watch_->is_pending) return;
    idle_watch_->is_pending = idle_watch_->is_active = true;
    auto end = [watch = idle_watch_](error_code, std::size_t) { watch->is_pending = watch->is_active = false; };
    socket_.async_receive(tcp_read_buffer{asio::buffer(&idle_watch_->byte, 1), idle_watch_->receive_state},
                          tcp_socket::message_peek,
                          asio::bind_cancellation_slot(idle_watch_->cancellation.slot(), std::move(end)));
  }

  bool readable() noexcept override {
    if (idle_watch_ && idle_watch_->is_active) return false;
    const auto received = peek();
    return received >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  void shutdown_write() noexcept override {
    error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
  }

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

  void reset() noexcept override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
  }

  std::string peer_address() const override {
    error_code error;
    const auto peer = socket_.remote_endpoint(error);
    return error ? std::string{"unknown"} : peer.address().to_string();
  }

 private:
  struct hangup_watch {
    explicit hangup_watch(std::function<void()> callback) : on_hangup(std::move(callback)) {}
    std::function<void()> on_hangup;
    asio::cancellation_signal cancellation;
    bool active = true;
  };

  /// A pending read of an idle stream, which leaves the bytes in the socket.
  struct idle_watch {
    asio::cancellation_signal cancellation;
    tcp_receive_state receive_state;
    char byte = 0;
    /// The read has not completed yet; after it was cancelled, this takes a turn of the loop.
    bool is_pending = false;
    bool is_active = false;
  };

  void stop_idle_watch() noexcept {
    if (!idle_watch_ || !std::exchange(idle_watch_->is_active, false)) return;
    idle_watch_->cancellation.emit(asio::cancellation_type::terminal);
  }

  void wait_for_hangup() {
    auto on_readable = [this, current = watch_](error_code error) {
      if (!current->active) return;  // the stream may be destroyed
      if (error == asio::error::operation_aborted) {
        // The deadline of a read or write has cancelled all pending operations of the socket, this one included.
        if (socket_.is_open()) wait_for_hangup();
      } else if (peek() <= 0) {  // otherwise the socket is readable because of bytes, such as a pipelined request
        current->on_hangup();
      }
    };
    socket_.async_wait(tcp_socket::wait_read,
                       asio::bind_cancellation_slot(watch_->cancellation.slot(), std::move(on_readable)));
  }

  /// As recv(2), without removing the byte from the socket.
  ssize_t peek() noexcept {
    char byte;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  }

  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    stop_idle_watch();
    if (receive_state_.is_drained && !receive_state_.has_sent_since) {
      // A reset that arrived together with the last bytes raises no further event.
      error_code error;
      const auto size = receive(socket_.native_handle(), buffer, 0, receive_state_, error);
      if (!error) return handler.post(size);
      if (error != asio::error::would_block) return handler.post(error);
    }
    const auto slot = handler.get_cancellation_slot();
    socket_.async_read_some(tcp_read_buffer{buffer, receive_state_},
                            asio::bind_cancellation_slot(slot, io_handler{this, std::move(handler)}));
  }

  void start_write(const_buffers buffers, completion_handler<io_result> handler) override {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    const auto slot = handler.get_cancellation_slot();
    receive_state_.has_sent_since = true;
    socket_.async_write_some(buffers, asio::bind_cancellation_slot(slot, io_handler{this, std::move(handler)}));
  }

  void start_wait_writable(completion_handler<io_result> handler) override {
    if (deadline_timer_.expired()) return handler.post(error_code{asio::error::timed_out});
    const auto slot = handler.get_cancellation_slot();
    auto complete = [adapted = io_handler{this, std::move(handler)}](error_code error) mutable { adapted(error, 0); };
    socket_.async_wait(tcp_socket::wait_write, asio::bind_cancellation_slot(slot, std::move(complete)));
  }

  struct io_handler {
    tcp_stream* stream;
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

  void cancel() noexcept {
    error_code ignored;
    socket_.cancel(ignored);
  }

  tcp_socket socket_;
  tcp_receive_state receive_state_;
  deadline_timer deadline_timer_;
  std::shared_ptr<hangup_watch> watch_;
  std::shared_ptr<idle_watch> idle_watch_;
};

/// Sets the options of a stream's socket. Accepted sockets inherit them from their acceptor.
template <class Socket>
void set_stream_options(Socket& socket) noexcept {
  error_code ignored;  // without TCP_NODELAY the socket works, with higher latency
  socket.set_option(ip::tcp::no_delay{true}, ignored);
  enable_drain_detection(socket.native_handle());
}

class tcp_acceptor final : public acceptor {
 public:
  using socket_type = asio::basic_socket_acceptor<ip::tcp, executor>;
  explicit tcp_acceptor(socket_type socket) : socket_(std::move(socket)) {}

  task<result<stream_ptr>> accept(loop& target) override {
    struct accept_result {
      error_code error;
      std::optional<tcp_socket> socket;
    };
    using result_ptr = std::shared_ptr<accept_result>;
    auto accepting = async_operation<result_ptr>([this, &target](completion_handler<result_ptr> handler) {
      const auto slot = handler.get_cancellation_slot();
      auto complete = [handler = std::move(handler)](error_code error, tcp_socket socket) mutable {
        handler(std::make_shared<accept_result>(accept_result{error, std::move(socket)}));
      };
      socket_.async_accept(target.context(), asio::bind_cancellation_slot(slot, std::move(complete)));
    });
    auto accepted = co_await std::move(accepting);
    if (accepted->error) co_return accepted->error;
    co_return make_tcp_stream(std::move(*accepted->socket), target);
  }

  endpoint local_endpoint() const override { return socket_.local_endpoint(); }
  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  socket_type socket_;
};

}  // namespace

stream_ptr make_tcp_stream(tcp_socket socket, loop& event_loop) {
  return std::make_unique<tcp_stream>(std::move(socket), event_loop);
}

result<std::unique_ptr<acceptor>> listen_tcp(loop& event_loop, const endpoint& local) {
  tcp_acceptor::socket_type socket{event_loop.get_executor()};
  error_code error;
  socket.open(local.protocol(), error);
  if (!error) socket.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error) set_stream_options(socket);
  if (!error) socket.bind(local, error);
  if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
  if (error) return error;
  return std::unique_ptr<acceptor>{std::make_unique<tcp_acceptor>(std::move(socket))};
}

task<result<stream_ptr>> connect_tcp(endpoint peer, deadline connect_deadline) {
  auto& event_loop = loop::current();
  // On the heap, since the timer holds its address while the operation is pending.
  auto socket = std::make_unique<tcp_socket>(event_loop.get_executor());
  const auto cancel = [](void* pending) {
    error_code ignored;
    static_cast<tcp_socket*>(pending)->cancel(ignored);
  };
  deadline_timer timer{event_loop, socket.get(), cancel};
  timer.set(connect_deadline);
  if (connect_deadline.expired(event_loop.now())) co_return error_code{asio::error::timed_out};
  auto connecting = async_operation<io_result>([&socket, peer](completion_handler<io_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error) mutable { handler(error ? io_result{error} : 0); };
    socket->async_connect(peer, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  const auto connected = co_await std::move(connecting);
  if (!connected) {
    const bool timed_out = connected.error() == asio::error::operation_aborted && timer.expired();
    co_return timed_out ? error_code{asio::error::timed_out} : connected.error();
  }
  set_stream_options(*socket);
  co_return make_tcp_stream(std::move(*socket), event_loop);
}

}  // namespace cohort::net
