// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cohort/http/client/client_error.hpp>
#include <cohort/http/client/client_request.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/net/network.hpp>
#include <cohort/net/tls_settings.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::net {
class tls_client_context;
}

namespace cohort::http {

/// The error of a failed stage: `timeout` if its deadline passed, `client_error::cancelled` if it was cancelled,
/// otherwise `other`.
client_error error_at_stage(const error_code& failure, client_error timeout, client_error other) noexcept;

/// Establishes connections for one loop: name resolution, TCP, proxy, TLS.
class connector {
 public:
  struct connection {
    net::stream_ptr stream;
    /// Duration of the TCP handshake: one round trip to the server, or to the proxy.
    duration round_trip_time{};
  };

  /// `network` must outlive the connector.
  explicit connector(net::network& network, proxy_settings proxies = {}, net::tls_client_settings tls = {});
  /// Like the constructor above, but with TLS settings that can be replaced: later handshakes use the new settings. The
  /// settings must outlive the connector.
  connector(net::network& network, proxy_settings proxies, const net::replaceable_tls_client_settings& tls);
  ~connector();

  /// All addresses of the origin's host, or of its proxy. A Unix domain socket has one address, `endpoint{}`.
  task<result<std::vector<net::endpoint>, client_error>> resolve(const origin& target, deadline call_deadline);
  /// Connects to one address of the origin, or of its proxy. `connect_deadline` applies to TCP alone, `call_deadline`
  /// also to proxy and TLS. `record`, which may be null and must outlive the task, receives the phase of the TLS
  /// handshake.
  task<result<connection, client_error>> connect_address(const origin& target, net::endpoint address,
                                                         deadline connect_deadline, deadline call_deadline,
                                                         telemetry::attempt_record* record = nullptr);
  /// Connects to the first address of the name that accepts the connection. Each call starts with the next address
  /// (round robin). The remaining time is divided equally among the remaining addresses; each address has 10 s if the
  /// deadline is `never`.
  task<result<net::stream_ptr, client_error>> connect(origin target, deadline call_deadline);

 private:
  /// Encrypts the connection to a secure proxy, and opens a tunnel for an https origin.
  task<result<net::stream_ptr, client_error>> prepare_proxy(net::stream_ptr stream, const proxy_server& proxy,
                                                            const origin& target, deadline call_deadline);
  task<result<net::stream_ptr, client_error>> handshake(net::stream_ptr stream, const std::string& host,
                                                        deadline call_deadline);

  net::network& network_;
  proxy_settings proxies_;
  /// Null if another object owns the settings.
  std::unique_ptr<const net::replaceable_tls_client_settings> own_tls_settings_;
  const net::replaceable_tls_client_settings& tls_settings_;
  /// The settings with which `tls_` was created.
  std::shared_ptr<const net::tls_client_settings> current_tls_settings_;
  /// The context is shared with the handshakes in progress.
  std::shared_ptr<net::tls_client_context> tls_;
  std::size_t next_address_index_ = 0;
};

}  // namespace cohort::http
