// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/service_discovery.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <stdexcept>

#include <cohort/discovery/consul/consul_source.hpp>
#include <cohort/discovery/dns/dns_source.hpp>
#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/etcd/etcd_registrar.hpp>
#include <cohort/discovery/etcd/etcd_source.hpp>
#include <cohort/discovery/eureka/eureka_source.hpp>
#include <cohort/discovery/kubernetes/kubernetes_source.hpp>
#include <cohort/discovery/source_address_registrar.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>

namespace cohort::discovery {
namespace {

task<> refresh_addresses(std::vector<http::client*> clients, http::origin target) {
  for (auto* client : clients) client->refresh_addresses(target);
  co_return;
}

}  // namespace

struct service_discovery::watch_entry {
  service_target target;
  std::unique_ptr<watched_service> service{};
};

service_discovery::service_discovery(dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      network_(dependencies_.network),
      client_(dependencies_.network, dependencies_.loops.size(),
              api_client_settings(dependencies_.tls, dependencies_.proxies)) {}

service_discovery::~service_discovery() = default;

boost::urls::url service_discovery::watch(const boost::urls::url& url) {
  const auto scheme = url.scheme_id();
  if (scheme == boost::urls::scheme::http || scheme == boost::urls::scheme::https) return url;
  auto target = parse_service_target(url);
  if (!target) throw std::invalid_argument("invalid URL of a service: \"" + std::string{url.buffer()} + "\"");
  boost::urls::url requests;
  requests.set_scheme(target->requests.secure ? "https" : "http");
  requests.set_encoded_host(target->requests.host);
  const std::uint16_t default_port = target->requests.secure ? 443 : 80;
  if (target->requests.port != default_port) requests.set_port_number(target->requests.port);
  for (const auto& known : watches_) {
    if (known->target == *target) return requests;
  }
  if (contains(target->requests)) {
    throw std::invalid_argument("\"" + std::string{url.buffer()} + "\" and another URL name different services \"" +
                                target->requests.host + "\"; their names must differ");
  }
  auto& added = *watches_.emplace_back(std::make_unique<watch_entry>(watch_entry{std::move(*target)}));
  added.service = std::make_unique<watched_service>(added.target, make_source(added.target), dependencies_.metrics,
                                                    dependencies_.log, dependencies_.loops.front()->wall_now());
  network_.add(*added.service);
  return requests;
}

std::unique_ptr<endpoint_source> service_discovery::make_source(const service_target& target) {
  switch (target.kind) {
    case source_kind::etcd:
      return std::make_unique<etcd_source>(client_, target.server, target.name, dependencies_.log);
    case source_kind::consul: return std::make_unique<consul_source>(client_, target);
    case source_kind::eureka: return std::make_unique<eureka_source>(client_, target);
    case source_kind::dns:
      return std::make_unique<dns_address_source>(make_dns_client(target), target.name, target.requests.port);
    case source_kind::srv: return std::make_unique<dns_srv_source>(make_dns_client(target), target.name);
    case source_kind::kubernetes: break;
  }
  const auto settings = make_kubernetes_settings(target, [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string{value ? value : ""};
  });
  if (!settings) throw std::invalid_argument(settings.error());
  return std::make_unique<kubernetes_source>(dependencies_.network, *settings, target);
}

std::unique_ptr<dns_client> service_discovery::make_dns_client(const service_target& target) const {
  auto configuration = read_resolver_configuration();
  if (const auto server = target.option("server"); !server.empty()) {
    configuration.servers = {*parse_endpoint(server, dns_port)};
    configuration.search.clear();
  }
  // A simulated network has no datagrams; its name servers are queried by TCP.
  std::unique_ptr<dns_transport> datagrams;
  if (dependencies_.loops.front()->time_source().is_real_time()) datagrams = std::make_unique<udp_dns_transport>();
  return std::make_unique<dns_client>(dependencies_.network, std::move(datagrams), std::move(configuration));
}

std::unique_ptr<registrar> service_discovery::make_registrar(const registry_target& registry,
                                                             const service_instance& instance) {
  if (instance.address.address().is_unspecified()) {
    return std::make_unique<source_address_registrar>(dependencies_.network, registry, instance,
                                                      [this, registry](const service_instance& service_instance) {
                                                        return make_registrar(registry, service_instance);
                                                      });
  }
  switch (registry.kind) {
    case source_kind::consul:
      return std::make_unique<consul_registrar>(client_, registry.server, instance, registry.ttl);
    case source_kind::eureka:
      return std::make_unique<eureka_registrar>(client_, registry.server, registry.scope, instance, registry.ttl);
    default: return std::make_unique<etcd_registrar>(client_, registry.server, registry.scope, instance, registry.ttl);
  }
}

void service_discovery::configure_registration(const registry_target& registry, const service_instance& instance) {
  registration_.emplace(make_registrar(registry, instance), std::string{to_string(registry.kind)},
                        dependencies_.metrics, dependencies_.log);
}

void service_discovery::start(const std::function<void(task<>)>& spawn, std::vector<http::client*> clients) {
  refreshed_clients_ = std::move(clients);
  for (const auto& entry : watches_) {
    spawn(entry->service->run([this, target = entry->target.requests] { return refresh(target); }));
  }
}

task<> service_discovery::refresh(http::origin target) {
  for (auto* each : dependencies_.loops) {
    auto refresh_task = run_on(*each, refresh_addresses(refreshed_clients_, target));
    co_await std::move(refresh_task);
  }
}

void service_discovery::start_registration(const std::function<void(task<>)>& spawn) {
  if (registration_) spawn(registration_->run());
}

void service_discovery::begin_drain() {
  if (registration_) registration_->request_stop();
}

task<> service_discovery::wait_until_deregistered(deadline wait_deadline) {
  if (!registration_) co_return;
  auto wait_task = registration_->wait_until_ended(wait_deadline);
  co_await std::move(wait_task);
}

}  // namespace cohort::discovery
