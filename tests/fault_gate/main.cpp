// SPDX-License-Identifier: BSL-1.0
// The fault-injecting proxy (fault gate): forwards TCP connections to servers, and injects network faults.
#include <array>
#include <vector>

#include <cohort/service/service.hpp>
#include "tests/fault_gate/fault_gate.hpp"

int main(int argc, char** argv) {
  using namespace cohort;
  auto gate = std::make_shared<test::fault_gate>();
  service::definition definition;
  definition.name = "fault-gate";
  definition.metric_prefix = "fault_gate";
  definition.description = "TCP proxy that injects network faults: GET /api/links, PUT /api/links/{name}";
  definition.port = 5020;
  definition.app = [gate](service::service_context& context, service::api_key_authenticator&) {
    gate->set_background(context.background);
    return http::router{};
  };
  definition.extensions.push_back(gate);
  // All links and routes share the state of one loop.
  std::vector<const char*> arguments{argv, argv + argc};
  arguments.insert(arguments.end(), {"--threads", "1"});
  return service::run(static_cast<int>(arguments.size()), arguments.data(), std::move(definition));
}
