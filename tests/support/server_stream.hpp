#pragma once

#include "tests/support/socket.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace cohort::test {

struct certificate_and_key;

struct free_ssl {
  void operator()(SSL* session) const noexcept { SSL_free(session); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

/// The settings of a TLS 1.2 and 1.3 server with this certificate.
std::unique_ptr<SSL_CTX, free_ssl> tls_server_context(const certificate_and_key& leaf);

/// The server's side of one accepted connection, plain or TLS, for one thread. Waits have no limit of their own: the
/// `stop` ends them all. The thread must have SIGPIPE blocked, for OpenSSL writes without MSG_NOSIGNAL.
class server_stream {
 public:
  /// `tls` is null for a plain connection; it and `stop` must outlive the stream.
  server_stream(file_descriptor socket, SSL_CTX* tls, const stop_signal& stop);

  /// The TLS handshake; true at once for a plain connection. False if it failed.
  bool handshake();

  /// Some bytes; empty once the peer has closed or the stop was raised.
  std::string read_some();

  /// False if the peer was gone before all was handed to the kernel, or the stop was raised.
  bool write(std::string_view bytes);

  enum class hold_end { elapsed, hung_up, stopped };

  /// Does nothing for `duration`, but notices when the peer closes, or half-closes: TCP shows no difference.
  hold_end hold(std::chrono::milliseconds duration);

  /// An end that the peer sees as meant: TLS close_notify, then FIN.
  void close();

  /// RST. Bytes that the peer's kernel did not have yet are lost.
  void reset();

 private:
  template <class Operation>
  bool complete(Operation operation);

  file_descriptor socket_;
  const stop_signal& stop_;
  std::unique_ptr<SSL, free_ssl> tls_;
};

}  // namespace cohort::test
