// SPDX-License-Identifier: BSL-1.0
// Fuzzes URLs of services, and responses of the discovery systems etcd, Kubernetes, Consul and Eureka.
#include <boost/asio/ip/tcp.hpp>
#include <boost/url/parse.hpp>

#include <cohort/discovery/consul/consul_messages.hpp>
#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/etcd/etcd_messages.hpp>
#include <cohort/discovery/eureka/eureka_messages.hpp>
#include <cohort/discovery/kubernetes/endpoint_slices.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::discovery_json_target {
namespace {

void check(const net::endpoint& endpoint) {
  require(endpoint.port() != 0 && !endpoint.address().is_unspecified(), "an endpoint has a port and an address");
  const auto value = discovery::etcd_instance_value(endpoint);
  require(endpoint.address().is_v6() || discovery::parse_etcd_instance(value) == endpoint,
          "parsing a formatted endpoint returns the same endpoint");
}

void check(const discovery::endpoint_list& endpoints) {
  for (const auto& endpoint : endpoints) check(endpoint);
}

void check_kubernetes(std::string_view input, const std::string& port) {
  discovery::endpoint_slices slices{port};
  if (slices.replace(input)) {
    require(!slices.resource_version().empty(), "a list has a version");
    check(slices.endpoints());
  }
  using event_result = discovery::endpoint_slices::event_result;
  const auto result = slices.apply(input);
  require(result != event_result::expired || slices.resource_version().empty(), "an expired watch has no version");
  check(slices.endpoints());
}

void check_urls(std::string_view input) {
  if (const auto url = boost::urls::parse_uri(input)) {
    const auto target = discovery::parse_service_target(boost::urls::url{*url});
    require(!target || (!target->name.empty() && !target->requests.host.empty() && target->requests.port != 0),
            "a service has a name and an origin");
    require(!target || discovery::service_url().parse(input), "the URL of a service is a valid value");
    for (const auto* option : {"tag", "tls"}) {
      require(!target || target->option(option).empty() == (target->options.count(option) == 0),
              "an option that is absent is empty");
    }
  }
  discovery::service_url().parse(input);
  discovery::parse_registry_target(input);
  if (const auto address = discovery::instance_address().parse(input))
    require(!address->address().is_unspecified(), "other hosts can connect to an address");
}

void run(std::string_view input) {
  if (const auto instance = discovery::parse_etcd_instance(input)) check(*instance);
  if (const auto range = discovery::parse_etcd_range(input)) require(range->revision > 0, "a range has a revision");
  if (const auto message = discovery::parse_etcd_watch(input)) {
    for (const auto& event : message->events) {
      if (const auto instance = discovery::parse_etcd_instance(event.value)) check(*instance);
    }
  }
  if (const auto lease = discovery::parse_etcd_lease_grant(input)) require(*lease != "0", "a lease has an ID");
  discovery::parse_etcd_keepalive(input);
  for (const auto* port : {"http", "8080", ""}) check_kubernetes(input, port);
  if (const auto found = discovery::parse_consul_services(input)) check(*found);
  for (const bool secure : {false, true}) {
    if (const auto found = discovery::parse_eureka_application(input, secure)) check(*found);
  }
  require(discovery::etcd_range_request(input).find("range_end") != std::string::npos, "a range has an end");
  check_urls(input);
}

const registration fuzz_registration{{.name = "discovery_json", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::discovery_json_target
