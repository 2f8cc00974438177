// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/connector.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <cohort/http/client/connection/tunnel.hpp>
#include <cohort/net/tls.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

client_error tls_error(const error_code& failure) noexcept {
  const bool is_ssl_error = failure.category() == asio::error::get_ssl_category();
  if (is_ssl_error && ERR_GET_REASON(static_cast<unsigned long>(failure.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return client_error::tls_certificate_invalid;
  }
  return error_at_stage(failure, client_error::tls_timeout, client_error::tls_failed);
}

client_error connect_error(const error_code& failure) noexcept {
  if (failure == asio::error::connection_refused) return client_error::connect_refused;
  if (failure == asio::error::no_descriptors || failure == boost::system::errc::too_many_files_open_in_system) {
    return client_error::no_file_descriptor;
  }
  if (failure == boost::system::errc::address_not_available) return client_error::no_local_port;
  return error_at_stage(failure, client_error::connect_timeout, client_error::connect_failed);
}

}  // namespace

client_error error_at_stage(const error_code& failure, client_error timeout, client_error other) noexcept {
  if (failure == asio::error::timed_out) return timeout;
  if (failure == asio::error::operation_aborted) return client_error::cancelled;
  return other;
}

connector::connector(net::network& network, proxy_settings proxies, net::tls_client_settings tls)
    : network_(network),
      proxies_(std::move(proxies)),
      own_tls_settings_(std::make_unique<const net::replaceable_tls_client_settings>(std::move(tls))),
      tls_settings_(*own_tls_settings_) {}

connector::connector(net::network& network, proxy_settings proxies, const net::replaceable_tls_client_settings& tls)
    : network_(network), proxies_(std::move(proxies)), tls_settings_(tls) {}

connector::~connector() = default;

task<result<std::vector<net::endpoint>, client_error>> connector::resolve(const origin& target,
                                                                          deadline call_deadline) {
  if (target.is_unix_socket()) co_return std::vector<net::endpoint>{net::endpoint{}};
  const auto* proxy = proxies_.proxy_for(target);
  const auto& server = proxy ? proxy->address : target;
  auto addresses = co_await network_.resolve(server.host, server.port, call_deadline);
  if (!addresses) {
    co_return error_at_stage(addresses.error(), client_error::resolve_timeout, client_error::resolve_failed);
  }
  co_return std::move(*addresses);
}

task<result<connector::connection, client_error>> connector::connect_address(const origin& target,
                                                                             net::endpoint address,
                                                                             deadline connect_deadline,
                                                                             deadline call_deadline,
                                                                             telemetry::attempt_record* record) {
  const auto started = loop::current().now();
  auto connect_task = target.is_unix_socket() ? network_.connect_unix(target.host, connect_deadline)
                                              : network_.connect(address, connect_deadline);
  auto stream = co_await std::move(connect_task);
  if (!stream) co_return connect_error(stream.error());
  const auto round_trip_time = loop::current().now() - started;
  if (const auto* proxy = proxies_.proxy_for(target)) {
    stream->get()->set_deadline(call_deadline);
    auto prepare_task = prepare_proxy(std::move(*stream), *proxy, target, call_deadline);
    auto prepared_stream = co_await std::move(prepare_task);
    if (!prepared_stream) co_return prepared_stream.error();
    *stream = std::move(*prepared_stream);
  }
  if (!target.secure) co_return connection{std::move(*stream), round_trip_time};
  if (record) record->enter(telemetry::attempt_phase::tls, loop::current().now());
  const auto settings = tls_settings_.get();
  const auto& server_name = settings->server_name.empty() ? target.host : settings->server_name;
  auto secure_stream = co_await handshake(std::move(*stream), server_name, call_deadline);
  if (!secure_stream) co_return secure_stream.error();
  co_return connection{std::move(*secure_stream), round_trip_time};
}

task<result<net::stream_ptr, client_error>> connector::connect(origin target, deadline call_deadline) {
  auto addresses = co_await resolve(target, call_deadline);
  if (!addresses) co_return addresses.error();
  const auto first_index = next_address_index_++;
  std::optional<client_error> failure;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // The remaining time is divided among the remaining addresses, so that an address that never responds does not use
    // all of it.
    const auto now = loop::current().now();
    const auto time_share = call_deadline.is_never()
                                ? duration{std::chrono::seconds{10}}
                                : call_deadline.remaining(now) / static_cast<std::int64_t>(addresses->size() - i);
    const auto& address = (*addresses)[(first_index + i) % addresses->size()];
    const auto connect_deadline = std::min(call_deadline, deadline::after(now, time_share));
    auto connected = co_await connect_address(target, address, connect_deadline, call_deadline);
    if (connected) co_return std::move(connected->stream);
    const auto error = connected.error();
    if (!is_connect_failure(error)) co_return error;
    // The greatest enumerator: The error is `connect_refused` only if every address refused the connection.
    failure = std::max(failure.value_or(error), error);
  }
  co_return failure.value_or(client_error::connect_failed);
}

task<result<net::stream_ptr, client_error>> connector::prepare_proxy(net::stream_ptr stream, const proxy_server& proxy,
                                                                     const origin& target, deadline call_deadline) {
  if (proxy.address.secure) {
    auto secure_stream = co_await handshake(std::move(stream), proxy.address.host, call_deadline);
    if (!secure_stream) co_return secure_stream.error();
    stream = std::move(*secure_stream);
  }
  if (target.secure) {
    auto open_task = open_tunnel(*stream, proxy, target);
    const auto error = co_await std::move(open_task);
    if (error) co_return *error;
  }
  co_return std::move(stream);
}

task<result<net::stream_ptr, client_error>> connector::handshake(net::stream_ptr stream, const std::string& host,
                                                                 deadline call_deadline) {
  if (auto settings = tls_settings_.get(); settings != current_tls_settings_) {
    // The sessions of the old context are not kept, because they belong to its client certificate.
    tls_ = std::make_shared<net::tls_client_context>(*settings);
    current_tls_settings_ = std::move(settings);
  }
  const auto context = tls_;
  stream->set_deadline(call_deadline);
  auto secure_stream = co_await context->handshake(std::move(stream), host);
  if (!secure_stream) co_return tls_error(secure_stream.error());
  co_return std::move(*secure_stream);
}

}  // namespace cohort::http
