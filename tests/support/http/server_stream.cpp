// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/server_stream.hpp"

#include "tests/support/net/certificate_authority.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace cohort::test {
namespace {

using bio_pointer = std::unique_ptr<BIO, int (*)(BIO*)>;

bio_pointer make_memory_bio(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

void check(bool has_succeeded, const char* what) {
  if (!has_succeeded) {
    throw std::runtime_error(std::string{"TLS server context: "} + what);
  }
}

}  // namespace

std::unique_ptr<SSL_CTX, free_ssl> tls_server_context(const certificate_and_key& leaf) {
  std::unique_ptr<SSL_CTX, free_ssl> context{SSL_CTX_new(TLS_server_method())};
  check(context != nullptr, "create");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const auto certificate_text = make_memory_bio(leaf.certificate_pem);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{
      PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr), X509_free};
  const auto key_text = make_memory_bio(leaf.private_key_pem);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
  check(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1, "certificate");
  check(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "private key");
  return context;
}

server_stream::server_stream(file_descriptor socket, SSL_CTX* tls, const stop_signal& stop)
    : socket_{std::move(socket)}, stop_{stop} {
  if (tls != nullptr) {
    tls_.reset(SSL_new(tls));
    check(tls_ != nullptr && SSL_set_fd(tls_.get(), socket_.get()) == 1, "session");
  }
}

// Retries a TLS operation until it no longer waits for the socket.
template <class Operation>
bool server_stream::complete(Operation operation) {
  for (;;) {
    ERR_clear_error();
    const int result = operation(tls_.get());
    if (result > 0) {
      return true;
    }
    const int reason = SSL_get_error(tls_.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      return false;
    }
    const short event = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (wait_for(socket_.get(), event, time_point::max(), &stop_) != readiness::ready) {
      return false;
    }
  }
}

bool server_stream::handshake() { return tls_ == nullptr || complete(SSL_accept); }

std::string server_stream::read_some() {
  std::array<char, 16384> buffer{};
  std::size_t size = 0;
  if (tls_ != nullptr) {
    complete([&](SSL* session) { return SSL_read_ex(session, buffer.data(), buffer.size(), &size); });
  } else if (wait_for(socket_.get(), POLLIN, time_point::max(), &stop_) == readiness::ready) {
    const auto received = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    size = received > 0 ? static_cast<std::size_t>(received) : 0;
  }
  return {buffer.data(), size};
}

bool server_stream::write(std::string_view bytes) {
  if (bytes.empty()) {
    return true;
  }
  if (tls_ != nullptr) {
    std::size_t size = 0;
    return complete([&](SSL* session) { return SSL_write_ex(session, bytes.data(), bytes.size(), &size); });
  }
  while (!bytes.empty()) {
    const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno != EAGAIN || wait_for(socket_.get(), POLLOUT, time_point::max(), &stop_) != readiness::ready) {
      return false;
    }
  }
  return true;
}

server_stream::wait_result server_stream::wait_for_disconnect(std::chrono::milliseconds timeout) {
  switch (wait_for(socket_.get(), POLLRDHUP, deadline_after(timeout), &stop_)) {
    case readiness::ready: return wait_result::disconnected;
    case readiness::stopped: return wait_result::stopped;
    case readiness::timed_out: break;
  }
  return wait_result::elapsed;
}

void server_stream::close() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  socket_.close();
}

void server_stream::reset() {
  reset_on_close(socket_);
  socket_.close();
}

}  // namespace cohort::test
