// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <cohort/net/tls.hpp>
#include <cohort/net/tls/server_context.hpp>
#include "tests/support/net/certificate_authority.hpp"
#include "tests/unit/net/peer.hpp"

namespace cohort::test {

// Fixture of handshakes between Cohort's TLS client and server. A handshake has a deadline of 5 s; after the handshake
// the streams have no deadline.

/// Returns a certificate for `service.example`.
inline certificate_and_key issue_server_certificate(certificate_authority& root) {
  return root.issue({.dns = {"service.example"}});
}

/// Returns a client's certificate with these URIs.
inline certificate_and_key issue_client_certificate(certificate_authority& root, std::vector<std::string> uris) {
  return root.issue({.dns = {"client.example"}, .uri = std::move(uris), .usage = "clientAuth"});
}

inline net::tls_server_settings make_server_settings(const certificate_and_key& leaf) {
  return {.certificates = {{leaf.certificate_pem, leaf.private_key_pem}}, .client_ca_certificates = {}};
}

inline net::tls_client_settings make_client_settings(const certificate_and_key& leaf) {
  return {.certificate_chain = leaf.certificate_pem, .private_key = leaf.private_key_pem};
}

inline task<result<net::stream_ptr>> perform_client_handshake(net::tls_client_context& context,
                                                              net::stream_ptr plain_stream) {
  plain_stream->set_deadline(deadline::after(loop::current().now(), std::chrono::seconds{5}));
  auto handshake_task = context.handshake(std::move(plain_stream), "service.example");
  auto secure_stream = co_await std::move(handshake_task);
  if (secure_stream) (*secure_stream)->set_deadline(deadline::never());
  co_return secure_stream;
}

inline task<net::tls_accept_result> perform_server_handshake(net::tls_server_context& context,
                                                             net::stream_ptr plain_stream) {
  plain_stream->set_deadline(deadline::after(loop::current().now(), std::chrono::seconds{5}));
  auto handshake_task = context.handshake(std::move(plain_stream));
  auto handshake_result = co_await std::move(handshake_task);
  if (handshake_result.stream) handshake_result.stream->set_deadline(deadline::never());
  co_return handshake_result;
}

}  // namespace cohort::test
