// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/discovery/dns/dns_client.hpp>
#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// Endpoints from DNS, which are re-resolved when the TTL of the answer has expired.
class dns_source : public endpoint_source {
 public:
  explicit dns_source(std::unique_ptr<dns_client> client) : client_(std::move(client)) {}

  task<result<endpoint_list, source_error>> next() final;

 protected:
  struct found_endpoints {
    endpoint_list list{};
    /// The smallest TTL of these records.
    std::uint32_t ttl = dns_client::max_ttl;
  };
  virtual task<result<found_endpoints, source_error>> look_up() = 0;
  /// Appends the addresses (A and AAAA) of a host, with this port.
  task<std::optional<source_error>> add_addresses(std::string host, std::uint16_t port, found_endpoints& found);

  dns_client& client() noexcept { return *client_; }

 private:
  std::unique_ptr<dns_client> client_;
  /// The time at which the last answer expires; empty before the first answer.
  std::optional<time_point> expiry_;
};

/// The addresses of a host name.
class dns_address_source final : public dns_source {
 public:
  dns_address_source(std::unique_ptr<dns_client> client, std::string host, std::uint16_t port)
      : dns_source(std::move(client)), host_(std::move(host)), port_(port) {}

 private:
  task<result<found_endpoints, source_error>> look_up() override;

  std::string host_;
  std::uint16_t port_;
};

/// The targets of the SRV records of a name (RFC 2782). Uses the records with the lowest priority. Ignores weights: the
/// load balancer distributes requests by the number of requests in flight.
class dns_srv_source final : public dns_source {
 public:
  /// Maximum number of targets that are resolved; additional targets are ignored.
  static constexpr std::size_t max_targets = 64;

  dns_srv_source(std::unique_ptr<dns_client> client, std::string name)
      : dns_source(std::move(client)), name_(std::move(name)) {}

 private:
  task<result<found_endpoints, source_error>> look_up() override;

  std::string name_;
};

}  // namespace cohort::discovery
