// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/server_context.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <cohort/net/tls/certificate.hpp>
#include <cohort/net/tls/server_certificates.hpp>
#include <cohort/net/tls/ticket_keys.hpp>
#include <cohort/net/tls/tls_stream.hpp>

namespace cohort::net {
namespace {

using setting = tls_server_settings_error::setting;

// Source: Mozilla, Server Side TLS, version 5.7, "intermediate", without the cipher suites with finite-field
// Diffie-Hellman.
constexpr const char* tls_1_2_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls_1_3_ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/// OpenSSL requires a session ID context if sessions can be resumed while client certificates are requested.
constexpr unsigned char session_id_context[] = "cohort";
constexpr const char* groups = "X25519:P-256:P-384";

std::optional<tls_server_settings_error> load_client_ca_certificates(SSL_CTX* native_context,
                                                                     const std::string& certificates) {
  if (certificates.empty()) return std::nullopt;
  bool are_accepted = true;
  const auto count = for_each_certificate(certificates, [&](X509* certificate) {
    are_accepted = X509_STORE_add_cert(SSL_CTX_get_cert_store(native_context), certificate) == 1 &&
                   SSL_CTX_add_client_CA(native_context, certificate) == 1 && are_accepted;
  });
  if (count == 0 || !are_accepted) {
    return tls_server_settings_error{setting::client_ca_certificates, "no certificate in PEM format was found"};
  }
  SSL_CTX_set_verify(native_context, SSL_VERIFY_PEER, nullptr);
  // A resumed session would not verify the client certificate again, although it may have expired, or the CA
  // certificates may have changed.
  SSL_CTX_set_options(native_context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native_context, 0);
  return std::nullopt;
}

int select_application_protocol(SSL*, const unsigned char** selected, unsigned char* selected_size,
                                const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char supported[] = "\x08http/1.1";
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, selected_size, supported, sizeof supported - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
  }
  *selected = match;
  return SSL_TLSEXT_ERR_OK;
}

tls_handshake_result classify_ssl_reason(int reason) noexcept {
  using enum tls_handshake_result;
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_RECORD_LENGTH_MISMATCH: return not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW: return unsupported_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_APPLICATION_PROTOCOL: return no_common_parameters;
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return client_certificate_invalid;
    default: return reason > SSL_AD_REASON_OFFSET ? rejected_by_client : other_error;
  }
}

bool is_http_request(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
}

tls_accept_result to_accept_result(const error_code& error, const SSL* ssl) {
  using enum tls_handshake_result;
  if (error == asio::error::timed_out) return {timeout, "the handshake timed out"};
  if (error == asio::error::operation_aborted) return {cancelled, "the server is stopping"};
  if (error.category() != asio::error::get_ssl_category()) {
    return {disconnected, "the client disconnected: " + error.message()};
  }
  const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  const auto result = classify_ssl_reason(reason);
  const auto* text = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
  std::string message = text ? text : "unknown error";
  if (result == client_certificate_invalid) {
    message += std::string{": "} + X509_verify_cert_error_string(SSL_get_verify_result(ssl));
  }
  return {result, std::move(message)};
}

std::optional<tls_server_settings_error> configure(SSL_CTX* context, const tls_server_settings& settings,
                                                   const std::shared_ptr<ticket_keys>& keys) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, tls_1_2_ciphers);
  SSL_CTX_set_ciphersuites(context, tls_1_3_ciphers);
  SSL_CTX_set1_groups_list(context, groups);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, &select_application_protocol, nullptr);
  // Sessions are stored only in tickets, not in memory.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, session_id_context, sizeof session_id_context - 1);
  ticket_keys::install(keys, context);
  return load_client_ca_certificates(context, settings.client_ca_certificates);
}

}  // namespace

std::string_view to_string(tls_handshake_result result) noexcept {
  constexpr std::array<std::string_view, tls_handshake_result_count> names{"success",
                                                                           "not_tls",
                                                                           "unsupported_version",
                                                                           "no_common_parameters",
                                                                           "client_certificate_invalid",
                                                                           "rejected_by_client",
                                                                           "timeout",
                                                                           "disconnected",
                                                                           "cancelled",
                                                                           "other_error"};
  return names[static_cast<std::size_t>(result)];
}

struct tls_server_context::configuration {
  configuration(const tls_server_settings& settings, const std::shared_ptr<ticket_keys>& keys)
      : error(certificates.load(settings, [&](asio::ssl::context& context) {
          return configure(context.native_handle(), settings, keys);
        })) {}
  server_certificates certificates;
  std::optional<tls_server_settings_error> error;
};

std::optional<tls_server_settings_error> find_error(const tls_server_settings& settings) {
  return tls_server_context::find_error(settings);
}

std::optional<tls_server_settings_error> tls_server_context::find_error(const tls_server_settings& settings) {
  return configuration{settings, std::make_shared<ticket_keys>()}.error;
}

tls_server_context::tls_server_context(const tls_server_settings& settings)
    : ticket_keys_(std::make_shared<ticket_keys>()),
      current_(std::make_shared<configuration>(settings, ticket_keys_)) {}

tls_server_context::~tls_server_context() = default;

void tls_server_context::reload(const tls_server_settings& settings) {
  auto new_configuration = std::make_shared<configuration>(settings, ticket_keys_);
  const std::lock_guard lock{mutex_};
  current_ = std::move(new_configuration);
}

std::shared_ptr<tls_server_context::configuration> tls_server_context::current() const {
  const std::lock_guard lock{mutex_};
  return current_;
}

task<tls_accept_result> tls_server_context::handshake(stream_ptr plain) {
  const auto active_configuration = current();
  auto secure_stream = std::make_unique<tls_stream>(
      std::move(plain), active_configuration->certificates.default_context(), loop::current().get_executor());
  const auto handshake_result = co_await secure_stream->handshake(asio::ssl::stream_base::server);
  SSL* const ssl = secure_stream->native_handle();
  if (!handshake_result) {
    auto failure = to_accept_result(handshake_result.error(), ssl);
    if (is_http_request(handshake_result.error())) failure.plain_http_stream = secure_stream->release_plain();
    co_return failure;
  }
  tls_accept_result result{tls_handshake_result::success};
  if (const x509_ptr certificate{SSL_get1_peer_certificate(ssl), &X509_free}) {
    result.has_client_certificate = true;
    result.client_uris = alternative_names(certificate.get(), GEN_URI);
  }
  result.is_resumed = SSL_session_reused(ssl) == 1;
  result.stream = std::move(secure_stream);
  co_return result;
}

}  // namespace cohort::net
