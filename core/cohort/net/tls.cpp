// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls.hpp>

#include <openssl/err.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <map>

#include <cohort/net/tls/certificate.hpp>
#include <cohort/net/tls/tls_stream.hpp>

namespace cohort::net {
namespace {

constexpr std::size_t max_sessions = 256;

struct session_deleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};

/// Sessions by host name.
using session_cache = std::map<std::string, std::unique_ptr<SSL_SESSION, session_deleter>>;

/// Data of a connection for the session callback.
struct session_key {
  /// The connection can outlive the client context.
  std::shared_ptr<session_cache> cache;
  std::string host;
};

int session_key_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* key, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<session_key*>(key); });
  return index;
}

/// The callback of OpenSSL for a new session. The result 1 means that the callback takes ownership of the session.
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
    error_code ignored_error;  // without system certificates, every handshake fails with a verification error
    context.set_default_verify_paths(ignored_error);
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

error_code load_private_key(asio::ssl::context& context, const tls_client_settings& settings) {
  error_code error;
  if (settings.private_key.empty()) return error;
  // Without a callback, OpenSSL prompts for the passphrase on the terminal.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string{}; }, error);
  context.use_private_key(asio::buffer(settings.private_key), asio::ssl::context::pem, error);
  return error;
}

/// Verifies that the certificate is valid for the host. Asio's own callback sets no error, so the server would receive
/// the alert `internal_error` instead of `bad_certificate`.
class certificate_verification {
 public:
  explicit certificate_verification(const std::string& host) : host_name_verification_(host) {}

  bool operator()(bool is_trusted, asio::ssl::verify_context& context) const {
    const bool is_valid = host_name_verification_(is_trusted, context);
    if (is_trusted && !is_valid) X509_STORE_CTX_set_error(context.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
    return is_valid;
  }

 private:
  asio::ssl::host_name_verification host_name_verification_;
};

}  // namespace

std::optional<std::string> find_error(const tls_client_settings& settings) {
  asio::ssl::context context{asio::ssl::context::tls_client};
  // The certificates of the system are not loaded here, because loading takes 60 ms, and they need no validation.
  const bool has_own_certificates = !settings.trusted_certificates.empty();
  if ((has_own_certificates && load_trusted_certificates(context, settings)) ||
      load_client_certificate(context, settings)) {
    return "no certificate in PEM format was found";
  }
  const auto key_error = load_private_key(context, settings);
  const bool has_key_pair = !settings.certificate_chain.empty() && !settings.private_key.empty();
  if (!key_error && (!has_key_pair || has_matching_key(context.native_handle()))) return std::nullopt;
  if (!key_error || is_key_mismatch(key_error)) return "the private key does not match the certificate";
  return "no unencrypted private key in PEM format was found";
}

struct tls_client_context::state {
  asio::ssl::context context{asio::ssl::context::tls_client};
  std::shared_ptr<session_cache> sessions = std::make_shared<session_cache>();
  bool verifies_server = true;
  bool has_resumed_session = false;
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

bool tls_client_context::has_resumed_session() const noexcept { return state_->has_resumed_session; }

task<result<stream_ptr>> tls_client_context::handshake(stream_ptr plain, std::string host) {
  auto secure_stream = std::make_unique<tls_stream>(std::move(plain), state_->context, loop::current().get_executor());
  auto& ssl_stream = secure_stream->ssl_stream();
  SSL* const connection = ssl_stream.native_handle();

  SSL_set_ex_data(connection, session_key_index(), new session_key{state_->sessions, host});
  error_code parse_error;
  asio::ip::make_address(host, parse_error);
  // RFC 6066 section 3: SNI contains names only.
  if (parse_error) SSL_set_tlsext_host_name(connection, host.c_str());
  if (state_->verifies_server) ssl_stream.set_verify_callback(certificate_verification{host});
  if (const auto cached_session = state_->sessions->find(host); cached_session != state_->sessions->end()) {
    SSL_set_session(connection, cached_session->second.get());
  }

  const auto handshake_result = co_await secure_stream->handshake(asio::ssl::stream_base::client);
  if (!handshake_result) {
    state_->sessions->erase(host);
    co_return handshake_result.error();
  }
  state_->has_resumed_session = SSL_session_reused(connection) == 1;
  co_return stream_ptr{std::move(secure_stream)};
}

}  // namespace cohort::net
