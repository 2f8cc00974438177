// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/net/socket.hpp"

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

/// Returns the context of a TLS server (1.2 and 1.3) with this certificate.
std::unique_ptr<SSL_CTX, free_ssl> tls_server_context(const certificate_and_key& leaf);

/// The server's side of one accepted connection, plain or TLS, for one thread. Waits have no timeout; `stop` ends them.
/// The thread must have SIGPIPE blocked, since OpenSSL writes without MSG_NOSIGNAL.
class server_stream {
 public:
  /// `tls` is null for a plain connection. `tls` and `stop` must outlive the stream.
  server_stream(file_descriptor socket, SSL_CTX* tls, const stop_signal& stop);

  /// Performs the TLS handshake, if any. Returns whether it succeeded.
  bool handshake();

  /// Reads available bytes. The result is empty after the peer has closed the connection, or after `stop` was raised.
  std::string read_some();

  /// Returns false if the peer closed the connection, or `stop` was raised, before all bytes were passed to the kernel.
  bool write(std::string_view bytes);

  enum class wait_result { elapsed, disconnected, stopped };

  /// Waits for at most `timeout` until the peer closes or half-closes the connection, which TCP does not distinguish.
  wait_result wait_for_disconnect(std::chrono::milliseconds timeout);

  /// Closes the connection gracefully: sends TLS close_notify, then FIN.
  void close();

  /// Closes the connection with RST. Bytes in transit are lost.
  void reset();

 private:
  template <class Operation>
  bool complete(Operation operation);

  file_descriptor socket_;
  const stop_signal& stop_;
  std::unique_ptr<SSL, free_ssl> tls_;
};

}  // namespace cohort::test
