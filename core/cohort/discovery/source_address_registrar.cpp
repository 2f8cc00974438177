// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/source_address_registrar.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/net/system/source_address.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {

source_address_registrar::source_address_registrar(net::network& network, registry_target registry,
                                                   service_instance instance, factory make_registrar)
    : network_(network),
      registry_(std::move(registry)),
      instance_(std::move(instance)),
      make_registrar_(std::move(make_registrar)) {}

task<std::optional<source_error>> source_address_registrar::renew() {
  if (!registrar_) {
    const auto& server = registry_.server;
    const auto resolve_deadline = deadline::after(loop::current().now(), api_client::default_timeout);
    auto resolve_task = network_.resolve(server.host_address(), server.port_number(), resolve_deadline);
    const auto servers = co_await std::move(resolve_task);
    if (!servers) co_return "cannot resolve " + server.host() + ": " + servers.error().message();
    const auto local_address = net::source_address(servers->front());
    if (!local_address) co_return "no route to " + server.host() + ": " + local_address.error().message();
    instance_.address.address(*local_address);
    registrar_ = make_registrar_(instance_);
  }
  auto renew_task = registrar_->renew();
  co_return co_await std::move(renew_task);
}

task<std::optional<source_error>> source_address_registrar::deregister() {
  if (!registrar_) co_return std::nullopt;
  auto deregister_task = registrar_->deregister();
  co_return co_await std::move(deregister_task);
}

}  // namespace cohort::discovery
