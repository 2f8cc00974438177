// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/support/http/server_stream.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/unit/net/peer.hpp"

namespace cohort::test {

/// The server's end of a TLS connection over a `net::stream`, under virtual time and without sockets.
class tls_server_end {
 public:
  /// `requests_certificate`: the client's certificate is requested and required, and any certificate is accepted.
  tls_server_end(net::stream& transport, const certificate_and_key& leaf, bool requests_certificate = false)
      : transport_(transport), context_(tls_server_context(leaf)), session_(SSL_new(context_.get())) {
    // The session owns both BIOs.
    input_ = BIO_new(BIO_s_mem());
    output_ = BIO_new(BIO_s_mem());
    SSL_set_bio(session_.get(), input_, output_);
    const auto accept_any = [](int, X509_STORE_CTX*) { return 1; };
    if (requests_certificate) {
      SSL_set_verify(session_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    }
  }

  /// Performs the handshake. Returns whether the handshake succeeded.
  task<bool> handshake() {
    for (;;) {
      const auto result = SSL_accept(session_.get());
      const bool needs_input = SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ;
      co_await flush();
      if (result == 1 || !needs_input) co_return result == 1;
      const bool has_received = co_await receive();
      if (!has_received) co_return false;
    }
  }
  /// Returns the decrypted bytes of one read; the result is empty if the connection is closed.
  task<std::string> read() {
    std::array<char, 4096> bytes{};
    for (;;) {
      const auto size = SSL_read(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (size > 0) co_return std::string{bytes.data(), static_cast<std::size_t>(size)};
      const bool has_received = co_await receive();
      if (!has_received) co_return std::string{};
    }
  }
  task<> write(std::string bytes) {
    SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
    co_await flush();
  }

  /// Returns the server name that the client sent (SNI), or an empty string.
  std::string server_name() const {
    const auto* name = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
  }
  /// Returns the common name of the client's certificate; the result is empty if there is none.
  std::string client_name() const {
    auto* certificate = SSL_get1_peer_certificate(session_.get());
    if (!certificate) return {};
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
    X509_free(certificate);
    return name.data();
  }

 private:
  task<> flush() {
    std::string bytes(BIO_ctrl_pending(output_), '\0');
    if (bytes.empty()) co_return;
    BIO_read(output_, bytes.data(), static_cast<int>(bytes.size()));
    auto write_task = write_bytes(transport_, std::move(bytes));
    co_await std::move(write_task);
  }
  task<bool> receive() {
    auto read_task = read_once(transport_);
    const auto bytes = co_await std::move(read_task);
    if (!bytes) co_return false;
    BIO_write(input_, bytes->data(), static_cast<int>(bytes->size()));
    co_return true;
  }

  net::stream& transport_;
  std::unique_ptr<SSL_CTX, free_ssl> context_;
  std::unique_ptr<SSL, free_ssl> session_;
  BIO* input_ = nullptr;
  BIO* output_ = nullptr;
};

}  // namespace cohort::test
