// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/healthcheck.hpp>

#include <iostream>

#include <cohort/config/http_url.hpp>
#include <cohort/http/client/fetch.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/service/instance.hpp>

namespace cohort::service {
namespace {

boost::urls::url service_url(const common_settings& settings) {
  const auto& path = settings.unix_socket.path;
  if (!path.empty()) return config::parse_http_url("unix:" + path).value();
  return endpoint_url({asio::ip::make_address(settings.host), settings.port}, settings.tls.is_enabled());
}

task<int> query_health(net::network& network, boost::urls::url service) {
  http::client_settings settings;
  // The certificate is issued for the service's name, not for the address on which the service listens.
  settings.tls.verifies_server = false;
  http::client client{network, 1, std::move(settings)};
  http::client_request request;
  request.url = std::move(service);
  request.url.set_path("/health");
  const auto call_deadline = deadline::after(loop::current().now(), std::chrono::seconds{3});
  const auto response = co_await http::fetch(client, std::move(request), call_deadline);
  if (response && response->status == http::status::ok) co_return 0;
  const auto reason =
      response ? "status " + std::to_string(response->status_code()) : make_error_code(response.error()).message();
  std::cerr << "unhealthy: " << reason << "\n";
  co_return 1;
}

}  // namespace

int run_healthcheck(const common_settings& settings) {
  loop event_loop;
  net::system_network network;
  int exit_status = 1;
  auto query = query_health(network, service_url(settings));
  asio::co_spawn(event_loop.get_executor(), std::move(query), [&](const std::exception_ptr&, int status) {
    exit_status = status;
    event_loop.stop();
  });
  event_loop.run();
  return exit_status;
}

}  // namespace cohort::service
