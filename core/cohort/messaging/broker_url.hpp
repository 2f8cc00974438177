// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/net/network.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::messaging {

/// The dependencies of a broker's client; all of them must outlive the client.
struct broker_dependencies {
  net::network& network;
  telemetry::registry& metrics;
  telemetry::logger log;
  /// The name of the service. The name is a label of the metrics, and identifies the connection at the broker.
  std::string name;
};

/// The parsed URL of a broker, from which a client is created once its loop exists.
class broker_endpoint {
 public:
  using factory = std::function<std::shared_ptr<broker>(const broker_dependencies&)>;
  broker_endpoint(std::string description, factory make)
      : description_(std::move(description)), make_(std::move(make)) {}

  /// Scheme, host and port for logs, without credentials.
  const std::string& description() const noexcept { return description_; }
  /// Creates a client on the current loop.
  std::shared_ptr<broker> make_client(const broker_dependencies& dependencies) const { return make_(dependencies); }

 private:
  std::string description_;
  factory make_;
};

/// A broker type that an optional module provides.
struct broker_scheme {
  std::string name;
  std::function<result<broker_endpoint>(std::string_view url)> parse;
};

/// Parses the URL of a broker: `amqp://[USER:PASSWORD@]HOST[:PORT][/VIRTUAL-HOST]`, `amqps://…` with TLS, or one of
/// `others`. Parts are percent-encoded (https://www.rabbitmq.com/docs/uri-spec). An error is `invalid` with a message
/// that lists the accepted values, and contains no part of the URL.
result<broker_endpoint> parse_broker_url(std::string_view url, const std::vector<broker_scheme>& others = {});

}  // namespace cohort::messaging
