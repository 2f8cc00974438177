#include "core/net/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace cohort::net {
namespace {

/// A handler too large for a `completion` (Asio's composed TLS operations), on the heap.
template <class Handler>
struct boxed_handler {
  using cancellation_slot_type = asio::cancellation_slot;
  explicit boxed_handler(Handler handler) : held(std::make_unique<Handler>(std::move(handler))) {}
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(*held);
  }
  void operator()(io_result outcome) {
    auto handler = std::move(*held);
    held.reset();
    handler(outcome ? error_code{} : outcome.error(), outcome ? *outcome : 0);
  }
  std::unique_ptr<Handler> held;
};

/// Our stream in the shape that `asio::ssl::stream` wants below it.
class next_layer {
 public:
  using executor_type = executor;
  using lowest_layer_type = next_layer;

  next_layer(stream& plain, executor home) : plain_(plain), executor_(home) {}
  executor_type get_executor() const noexcept { return executor_; }
  lowest_layer_type& lowest_layer() noexcept { return *this; }
  const lowest_layer_type& lowest_layer() const noexcept { return *this; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_of<asio::mutable_buffer>(into)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          bridge::read(plain_, first, completion<io_result>(boxed(std::forward<decltype(handler)>(handler))));
        },
        token);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_of<asio::const_buffer>(from)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          bridge::write(plain_, {first, asio::const_buffer{}},
                        completion<io_result>(boxed(std::forward<decltype(handler)>(handler))));
        },
        token);
  }

 private:
  /// `start_read` and `start_write` are the stream's own business with those that wrap it.
  struct bridge : stream {
    static void read(stream& to, asio::mutable_buffer into, completion<io_result> done) {
      (to.*&bridge::start_read)(into, std::move(done));
    }
    static void write(stream& to, const_buffers from, completion<io_result> done) {
      (to.*&bridge::start_write)(from, std::move(done));
    }
  };

  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto each = asio::buffer_sequence_begin(buffers); each != asio::buffer_sequence_end(buffers); ++each) {
      const Buffer buffer{*each};
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  stream& plain_;
  executor executor_;
};

class tls_stream final : public stream {
 public:
  tls_stream(stream_ptr plain, asio::ssl::context& context, executor home)
      : plain_(std::move(plain)), tls_(next_layer{*plain_, home}, context) {}

  /// OpenSSL takes a connection that goes without a close_notify for cut off, and never offers its session again.
  ~tls_stream() override { SSL_set_shutdown(tls_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  auto& secured() noexcept { return tls_; }

  void set_deadline(deadline limit) override { plain_->set_deadline(limit); }
  void watch_hangup(std::function<void()> on_hangup) override { plain_->watch_hangup(std::move(on_hangup)); }
  void unwatch_hangup() noexcept override { plain_->unwatch_hangup(); }
  bool readable() noexcept override { return SSL_pending(tls_.native_handle()) > 0 || plain_->readable(); }
  /// Without a close_notify: HTTP frames its messages itself, and nobody here ends a TLS connection half way.
  void shutdown_write() noexcept override { plain_->shutdown_write(); }
  void close() noexcept override { plain_->close(); }
  std::string peer_address() const override { return plain_->peer_address(); }

 private:
  void start_read(asio::mutable_buffer into, completion<io_result> done) override {
    const auto slot = done.get_cancellation_slot();
    tls_.async_read_some(into, asio::bind_cancellation_slot(slot, on_done{std::move(done)}));
  }
  void start_write(const_buffers from, completion<io_result> done) override {
    const auto slot = done.get_cancellation_slot();
    const auto piece = from[0].size() > 0 ? from[0] : from[1];
    tls_.async_write_some(piece, asio::bind_cancellation_slot(slot, on_done{std::move(done)}));
  }

  struct on_done {
    completion<io_result> done;
    void operator()(error_code failed, std::size_t bytes) {
      // The peer closed without close_notify. Whoever reads knows from HTTP's framing whether that was the end.
      if (failed == asio::ssl::error::stream_truncated) failed = asio::error::eof;
      if (failed) {
        done(failed);
      } else {
        done(bytes);
      }
    }
  };

  stream_ptr plain_;
  asio::ssl::stream<next_layer> tls_;
};

/// Where a connection keeps which context and which host it belongs to, for the session callback.
struct session_owner {
  tls_client_context* context;
  std::string host;
};

int session_owner_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<session_owner*>(owner); });
  return index;
}

constexpr std::size_t most_sessions = 256;

}  // namespace

tls_client_context::tls_client_context() : context_(asio::ssl::context::tls_client) {
  error_code ignored;  // a machine without certificates trusts nobody, and says so at the handshake
  context_.set_default_verify_paths(ignored);
  context_.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context_.native_handle(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.native_handle(), &tls_client_context::keep_session);
}

tls_client_context::~tls_client_context() = default;

int tls_client_context::keep_session(SSL* connection, SSL_SESSION* session) {
  auto* owner = static_cast<session_owner*>(SSL_get_ex_data(connection, session_owner_index()));
  if (!owner) return 0;
  auto& sessions = owner->context->sessions_;
  if (sessions.size() >= most_sessions && !sessions.contains(owner->host)) sessions.clear();
  sessions[owner->host].reset(session);
  return 1;  // the session is ours now
}

task<result<stream_ptr>> tls_client_context::handshake(stream_ptr plain, std::string host) {
  auto secured = std::make_unique<tls_stream>(std::move(plain), context_, loop::current().get_executor());
  auto& tls = secured->secured();
  SSL* const connection = tls.native_handle();

  SSL_set_ex_data(connection, session_owner_index(), new session_owner{this, host});
  error_code is_name;
  asio::ip::make_address(host, is_name);
  // RFC 6066 section 3: SNI carries names only.
  if (is_name) SSL_set_tlsext_host_name(connection, host.c_str());
  tls.set_verify_callback(asio::ssl::host_name_verification{host});
  if (const auto known = sessions_.find(host); known != sessions_.end()) {
    SSL_set_session(connection, known->second.get());
  }

  auto shaking = operation<io_result>([&tls](completion<io_result> done) {
    const auto slot = done.get_cancellation_slot();
    auto finish = [done = std::move(done)](error_code failed) mutable { done(failed ? io_result{failed} : 0); };
    tls.async_handshake(asio::ssl::stream_base::client, asio::bind_cancellation_slot(slot, std::move(finish)));
  });
  const auto shaken = co_await std::move(shaking);
  if (!shaken) {
    sessions_.erase(host);
    co_return shaken.error();
  }
  last_was_resumed_ = SSL_session_reused(connection) == 1;
  co_return stream_ptr{std::move(secured)};
}

}  // namespace cohort::net
