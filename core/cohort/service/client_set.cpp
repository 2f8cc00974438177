// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/client_set.hpp>

namespace cohort::service {
namespace {

/// The idle timeout of the shared client. Under a steady load, some connections are used only when many calls are
/// hedged simultaneously. The default of 30 s often closes these connections before their next use. Cohort servers keep
/// idle connections open for 75 s, many load balancers for 60 s.
constexpr duration idle_timeout = std::chrono::seconds{50};

}  // namespace

client_set::client_set(net::network& network, std::size_t loop_count, http::client_settings settings)
    : network_(network), loop_count_(loop_count), program_settings_(std::move(settings)) {
  http::client_settings shared_settings;
  shared_settings.idle_timeout = idle_timeout;
  make(std::move(shared_settings));
}

http::client& client_set::make(http::client_settings settings) {
  settings.proxies = program_settings_.proxies;
  settings.tls = program_settings_.tls;
  return clients_.emplace_back(network_, loop_count_, std::move(settings));
}

void client_set::replace_tls(const net::tls_client_settings& settings) {
  for (auto& client : clients_) client.replace_tls(settings);
}

void client_set::close_idle() {
  for (auto& client : clients_) client.close_idle();
}

std::vector<http::client*> client_set::all() {
  std::vector<http::client*> result;
  for (auto& client : clients_) result.push_back(&client);
  return result;
}

}  // namespace cohort::service
