// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <cohort/net/tls/server_context.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/support/http/server_stream.hpp"
#include "tests/unit/net/tls/server_fixture.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {

struct handshake_pair {
  result<net::stream_ptr> client = error_code{};
  net::tls_accept_result server{};
};

inline task<handshake_pair> connect_on_loop(net::tls_client_context& client, net::tls_server_context& server,
                                            net::memory_pipe_settings pipe) {
  auto ends = net::make_memory_pipe(pipe);
  auto both_tasks = when_all(perform_client_handshake(client, std::move(ends.first)),
                             perform_server_handshake(server, std::move(ends.second)));
  auto results = co_await std::move(both_tasks);
  co_return handshake_pair{std::move(std::get<0>(results)), std::move(std::get<1>(results))};
}

class tls_server_fixture {
 public:
  tls_server_fixture() : context(make_server_settings(leaf)) {}

  /// Performs a handshake of Cohort's client, which trusts `root`.
  handshake_pair connect(net::tls_client_settings settings = {}, net::memory_pipe_settings pipe = {}) {
    if (settings.trusted_certificates.empty()) settings.trusted_certificates = root.certificate_pem();
    net::tls_client_context client{settings};
    return connect_with(client, pipe);
  }
  handshake_pair connect_with(net::tls_client_context& client, net::memory_pipe_settings pipe = {}) {
    return time.run(connect_on_loop(client, context, pipe));
  }

  /// Returns the result of the handshake with a peer that sends these bytes and, if `closes_connection`, closes the
  /// connection.
  net::tls_accept_result receive(std::string bytes, bool closes_connection = true) {
    return time.run(accept_bytes(context, std::move(bytes), closes_connection));
  }

  /// Returns the result of the handshake with an OpenSSL client that `configure` has configured.
  net::tls_accept_result receive_from(const std::function<void(SSL_CTX*)>& configure) {
    const std::unique_ptr<SSL_CTX, free_ssl> client_context{SSL_CTX_new(TLS_client_method())};
    configure(client_context.get());
    const std::unique_ptr<SSL, free_ssl> client{SSL_new(client_context.get())};
    auto* const output = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), output);
    SSL_connect(client.get());
    std::string hello(BIO_ctrl_pending(output), '\0');
    BIO_read(output, hello.data(), static_cast<int>(hello.size()));
    return receive(std::move(hello));
  }

  virtual_time time;
  certificate_authority root{"Test Root"};
  certificate_and_key leaf = issue_server_certificate(root);
  net::tls_server_context context;

 private:
  static task<net::tls_accept_result> accept_bytes(net::tls_server_context& context, std::string bytes,
                                                   bool closes_connection) {
    auto ends = net::make_memory_pipe();
    auto write_task = write_bytes(*ends.first, std::move(bytes));
    co_await std::move(write_task);
    if (closes_connection) ends.first->shutdown_write();
    auto handshake_task = perform_server_handshake(context, std::move(ends.second));
    co_return co_await std::move(handshake_task);
  }
};

}  // namespace cohort::test
