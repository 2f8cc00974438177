#include "core/net/tcp.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>

#include "core/net/expiry.hpp"

namespace cohort::net {
namespace {

namespace ip = asio::ip;

class tcp_stream final : public stream {
 public:
  tcp_stream(tcp_socket socket, loop& home)
      : socket_(std::move(socket)), expiry_(home, this, [](void* self) { static_cast<tcp_stream*>(self)->cancel(); }) {
    error_code ignored;  // a socket that cannot do this still works, only slower
    socket_.set_option(ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
  }
  ~tcp_stream() override { unwatch_hangup(); }

  io_result try_write(const_buffers from) override {
    if (expiry_.expired()) return error_code{asio::error::timed_out};
    error_code failed;
    const auto sent = socket_.write_some(from, failed);
    if (failed) return failed;
    return sent;
  }

  void set_deadline(deadline limit) override { expiry_.set(limit); }

  void watch_hangup(std::function<void()> on_hangup) override {
    watch_ = std::make_shared<watch>(std::move(on_hangup));
    wait_for_hangup();
  }

  void unwatch_hangup() noexcept override {
    if (!watch_) return;
    watch_->active = false;
    watch_->stop.emit(asio::cancellation_type::terminal);
    watch_.reset();
  }

  bool readable() noexcept override {
    char byte;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  void shutdown_write() noexcept override {
    error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
  }

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

  std::string peer_address() const override {
    error_code failed;
    const auto peer = socket_.remote_endpoint(failed);
    return failed ? std::string{"unknown"} : peer.address().to_string();
  }

 private:
  struct watch {
    explicit watch(std::function<void()> call) : on_hangup(std::move(call)) {}
    std::function<void()> on_hangup;
    asio::cancellation_signal stop;
    bool active = true;
  };

  void wait_for_hangup() {
    auto readable_or_not = [this, mine = watch_](error_code failed) {
      if (!mine->active) return;  // and the stream may be gone
      if (failed == asio::error::operation_aborted) {
        // The deadline of an earlier read or write cancels all that waits for the socket. It says nothing of the peer.
        if (socket_.is_open()) wait_for_hangup();
      } else if (!watch_over_bytes()) {
        mine->on_hangup();
      }
    };
    socket_.async_wait(tcp_socket::wait_read,
                       asio::bind_cancellation_slot(watch_->stop.slot(), std::move(readable_or_not)));
  }

  /// What made the socket readable are bytes, such as a pipelined request.
  bool watch_over_bytes() noexcept {
    char byte;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  void start_read(asio::mutable_buffer into, completion<io_result> done) override {
    if (expiry_.expired()) return done.post(error_code{asio::error::timed_out});
    const auto slot = done.get_cancellation_slot();
    socket_.async_read_some(into, asio::bind_cancellation_slot(slot, on_done{this, std::move(done)}));
  }

  void start_write(const_buffers from, completion<io_result> done) override {
    if (expiry_.expired()) return done.post(error_code{asio::error::timed_out});
    const auto slot = done.get_cancellation_slot();
    socket_.async_write_some(from, asio::bind_cancellation_slot(slot, on_done{this, std::move(done)}));
  }

  struct on_done {
    tcp_stream* self;
    completion<io_result> done;
    void operator()(error_code failed, std::size_t bytes) {
      if (failed == asio::error::operation_aborted && self->expiry_.expired()) failed = asio::error::timed_out;
      if (failed) {
        done(failed);
      } else {
        done(bytes);
      }
    }
  };

  void cancel() noexcept {
    error_code ignored;
    socket_.cancel(ignored);
  }

  tcp_socket socket_;
  expiry expiry_;
  std::shared_ptr<watch> watch_;
};

class tcp_acceptor final : public acceptor {
 public:
  using socket_type = asio::basic_socket_acceptor<ip::tcp, executor>;
  explicit tcp_acceptor(socket_type socket) : socket_(std::move(socket)) {}

  task<result<stream_ptr>> accept(loop& target) override {
    struct accepted {
      error_code failed;
      std::optional<tcp_socket> socket;
    };
    auto next = operation<std::shared_ptr<accepted>>([this, &target](completion<std::shared_ptr<accepted>> done) {
      const auto slot = done.get_cancellation_slot();
      auto finish = [done = std::move(done)](error_code failed, tcp_socket socket) mutable {
        done(std::make_shared<accepted>(accepted{failed, std::move(socket)}));
      };
      socket_.async_accept(target.context(), asio::bind_cancellation_slot(slot, std::move(finish)));
    });
    auto got = co_await std::move(next);
    if (got->failed) co_return got->failed;
    co_return make_tcp_stream(std::move(*got->socket), target);
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

stream_ptr make_tcp_stream(tcp_socket socket, loop& home) {
  return std::make_unique<tcp_stream>(std::move(socket), home);
}

result<std::unique_ptr<acceptor>> listen_tcp(loop& home, const endpoint& local) {
  tcp_acceptor::socket_type socket{home.get_executor()};
  error_code failed;
  socket.open(local.protocol(), failed);
  if (!failed) socket.set_option(asio::socket_base::reuse_address{true}, failed);
  if (!failed) socket.bind(local, failed);
  if (!failed) socket.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return failed;
  return std::unique_ptr<acceptor>{std::make_unique<tcp_acceptor>(std::move(socket))};
}

task<result<stream_ptr>> connect_tcp(endpoint peer, deadline until) {
  auto& home = loop::current();
  // On the heap: it must stay in place for the timer while the operation is under way.
  auto socket = std::make_unique<tcp_socket>(home.get_executor());
  expiry limit{home, socket.get(), [](void* self) {
                 error_code ignored;
                 static_cast<tcp_socket*>(self)->cancel(ignored);
               }};
  limit.set(until);
  if (until.expired(home.now())) co_return error_code{asio::error::timed_out};
  auto connecting = operation<io_result>([&socket, peer](completion<io_result> done) {
    const auto slot = done.get_cancellation_slot();
    auto finish = [done = std::move(done)](error_code failed) mutable { done(failed ? io_result{failed} : 0); };
    socket->async_connect(peer, asio::bind_cancellation_slot(slot, std::move(finish)));
  });
  const auto connected = co_await std::move(connecting);
  if (!connected) {
    const bool late = connected.error() == asio::error::operation_aborted && limit.expired();
    co_return late ? error_code{asio::error::timed_out} : connected.error();
  }
  co_return make_tcp_stream(std::move(*socket), home);
}

}  // namespace cohort::net
