// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls.hpp>

#include <openssl/err.h>
#include <openssl/x509err.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <map>

namespace cohort::net {
namespace {

/// Stores a handler on the heap that is too large for a `completion_handler`, as those of Asio's composed TLS
/// operations are.
template <class Handler>
struct boxed_handler {
  using cancellation_slot_type = asio::cancellation_slot;
  explicit boxed_handler(Handler handler) : boxed(std::make_unique<Handler>(std::move(handler))) {}
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(*boxed);
  }
  void operator()(io_result transferred) {
    auto handler = std::move(*boxed);
    boxed.reset();
    handler(transferred ? error_code{} : transferred.error(), transferred ? *transferred : 0);
  }
  std::unique_ptr<Handler> boxed;
};

/// Adapts a `stream` to the AsyncStream that `asio::ssl::stream` requires as its next layer.
class next_layer {
 public:
  using executor_type = executor;
  using lowest_layer_type = next_layer;

  next_layer(stream& plain, executor loop_executor) : plain_(plain), executor_(loop_executor) {}
  executor_type get_executor() const noexcept { return executor_; }
  lowest_layer_type& lowest_layer() noexcept { return *this; }
  const lowest_layer_type& lowest_layer() const noexcept { return *this; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_non_empty<asio::mutable_buffer>(buffers)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          protected_access::read(plain_, first,
                                 completion_handler<io_result>(boxed(std::forward<decltype(handler)>(handler))));
        },
        token);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this, first = first_non_empty<asio::const_buffer>(buffers)](auto&& handler) {
          using boxed = boxed_handler<std::decay_t<decltype(handler)>>;
          protected_access::write(plain_, {first, asio::const_buffer{}},
                                  completion_handler<io_result>(boxed(std::forward<decltype(handler)>(handler))));
        },
        token);
  }

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
  static Buffer first_non_empty(const Buffers& buffers) {
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
  tls_stream(stream_ptr plain, asio::ssl::context& context, executor loop_executor)
      : plain_(std::move(plain)), tls_(next_layer{*plain_, loop_executor}, context) {}

  /// Marks the connection as shut down. OpenSSL otherwise considers it truncated and never resumes its session.
  ~tls_stream() override { SSL_set_shutdown(tls_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  auto& ssl_stream() noexcept { return tls_; }

  void set_deadline(deadline stream_deadline) override { plain_->set_deadline(stream_deadline); }
  void watch_hangup(std::function<void()> on_hangup) override { plain_->watch_hangup(std::move(on_hangup)); }
  void unwatch_hangup() noexcept override { plain_->unwatch_hangup(); }
  bool readable() noexcept override { return SSL_pending(tls_.native_handle()) > 0 || plain_->readable(); }
  /// Does not send close_notify, since HTTP frames its messages itself.
  void shutdown_write() noexcept override { plain_->shutdown_write(); }
  void close() noexcept override { plain_->close(); }
  std::string peer_address() const override { return plain_->peer_address(); }

 private:
  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override {
    const auto slot = handler.get_cancellation_slot();
    tls_.async_read_some(buffer, asio::bind_cancellation_slot(slot, io_handler{std::move(handler)}));
  }
  void start_write(const_buffers buffers, completion_handler<io_result> handler) override {
    const auto slot = handler.get_cancellation_slot();
    const auto first = buffers[0].size() > 0 ? buffers[0] : buffers[1];
    tls_.async_write_some(first, asio::bind_cancellation_slot(slot, io_handler{std::move(handler)}));
  }

  struct io_handler {
    completion_handler<io_result> handler;
    void operator()(error_code error, std::size_t count) {
      // The peer closed without close_notify. HTTP's framing tells the reader whether the message was complete.
      if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
      if (error) {
        handler(error);
      } else {
        handler(count);
      }
    }
  };

  stream_ptr plain_;
  asio::ssl::stream<next_layer> tls_;
};

constexpr std::size_t max_sessions = 256;

struct session_deleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};

/// Sessions by host name.
using session_cache = std::map<std::string, std::unique_ptr<SSL_SESSION, session_deleter>>;

/// Data attached to a connection, for the session callback.
struct session_key {
  session_cache* cache;
  std::string host;
};

int session_key_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* key, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<session_key*>(key); });
  return index;
}

/// OpenSSL's callback for a new session. Returning 1 takes ownership of it.
int store_session(SSL* connection, SSL_SESSION* session) {
  auto* key = static_cast<session_key*>(SSL_get_ex_data(connection, session_key_index()));
  if (!key) return 0;
  auto& cache = *key->cache;
  if (cache.size() >= max_sessions && !cache.contains(key->host)) cache.clear();
  cache[key->host].reset(session);
  return 1;
}

error_code load_trusted_certificates(asio::ssl::context& context, const tls_client_settings& settings) {
  error_code error;
  if (settings.trusted_certificates.empty()) {
    error_code ignored;  // without certificates on the system, every handshake fails with a verification error
    context.set_default_verify_paths(ignored);
  } else {
    context.add_certificate_authority(asio::buffer(settings.trusted_certificates), error);
  }
  return error;
}

error_code load_client_certificate(asio::ssl::context& context, const tls_client_settings& settings) {
  error_code error;
  if (!settings.certificate_chain.empty())
    context.use_certificate_chain(asio::buffer(settings.certificate_chain), error);
  return error;
}

bool is_key_mismatch(const error_code& error) noexcept {
  const auto code = static_cast<unsigned long>(error.value());
  const auto reason = ERR_GET_REASON(code);
  return ERR_GET_LIB(code) == ERR_LIB_X509 &&
         (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH);
}

error_code load_private_key(asio::ssl::context& context, const tls_client_settings& settings) {
  error_code error;
  if (settings.private_key.empty()) return error;
  // Without a callback, OpenSSL asks for the passphrase at the terminal.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string{}; }, error);
  context.use_private_key(asio::buffer(settings.private_key), asio::ssl::context::pem, error);
  return error;
}

}  // namespace

std::optional<std::string> find_error(const tls_client_settings& settings) {
  asio::ssl::context context{asio::ssl::context::tls_client};
  if (load_trusted_certificates(context, settings) || load_client_certificate(context, settings)) {
    return "there is no certificate in PEM format";
  }
  const auto key_error = load_private_key(context, settings);
  if (!key_error) return std::nullopt;
  if (is_key_mismatch(key_error)) return "the private key does not belong to the certificate";
  return "there is no private key in PEM format without a passphrase";
}

struct tls_client_context::state {
  asio::ssl::context context{asio::ssl::context::tls_client};
  session_cache sessions;
  bool verifies_server = true;
  bool last_handshake_resumed = false;
};

tls_client_context::tls_client_context(const tls_client_settings& settings) : state_(std::make_unique<state>()) {
  auto& context = state_->context;
  load_trusted_certificates(context, settings);
  load_client_certificate(context, settings);
  load_private_key(context, settings);
  state_->verifies_server = settings.verifies_server;
  context.set_verify_mode(settings.verifies_server ? asio::ssl::verify_peer : asio::ssl::verify_none);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.native_handle(), &store_session);
}

tls_client_context::~tls_client_context() = default;

bool tls_client_context::last_handshake_resumed() const noexcept { return state_->last_handshake_resumed; }

task<result<stream_ptr>> tls_client_context::handshake(stream_ptr plain, std::string host) {
  auto secured = std::make_unique<tls_stream>(std::move(plain), state_->context, loop::current().get_executor());
  auto& ssl_stream = secured->ssl_stream();
  SSL* const connection = ssl_stream.native_handle();

  SSL_set_ex_data(connection, session_key_index(), new session_key{&state_->sessions, host});
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  // RFC 6066 section 3: SNI contains names only.
  if (not_an_address) SSL_set_tlsext_host_name(connection, host.c_str());
  if (state_->verifies_server) ssl_stream.set_verify_callback(asio::ssl::host_name_verification{host});
  if (const auto known = state_->sessions.find(host); known != state_->sessions.end()) {
    SSL_set_session(connection, known->second.get());
  }

  auto handshaking = async_operation<io_result>([&ssl_stream](completion_handler<io_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error) mutable { handler(error ? io_result{error} : 0); };
    ssl_stream.async_handshake(asio::ssl::stream_base::client, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  const auto completed = co_await std::move(handshaking);
  if (!completed) {
    state_->sessions.erase(host);
    co_return completed.error();
  }
  state_->last_handshake_resumed = SSL_session_reused(connection) == 1;
  co_return stream_ptr{std::move(secured)};
}

}  // namespace cohort::net
