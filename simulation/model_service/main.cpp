// SPDX-License-Identifier: BSL-1.0
// Runs a modeled service of a plan as a real program: cohort-model-service PLAN SERVICE [flags of every service]. It
// listens on --port, consumes real CPU time, and accepts faults by PUT /faults.
#include <boost/describe.hpp>
#include <ctime>
#include <filesystem>
#include <iostream>

#include <cohort/config/small_file.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/sim/plan/plan.hpp>
#include "simulation/programs/program_names.hpp"

namespace cohort::simulation {
namespace {

constexpr int invalid_input = 2;

/// The body of `PUT /faults`. It replaces all faults.
struct fault_request {
  std::optional<double> slowdown;
  std::optional<std::int64_t> latency_ms;
  std::optional<std::int64_t> error_percent;
  std::optional<std::int64_t> hang_percent;
};
BOOST_DESCRIBE_STRUCT(fault_request, (), (slowdown, latency_ms, error_percent, hang_percent))

duration thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Keeps the core busy until the thread has used this CPU time, regardless of the load of other processes.
void burn_cpu(duration cost) {
  const auto end = thread_cpu_time() + cost;
  while (thread_cpu_time() < end) {
  }
}

/// The service has one thread, so the handler of `PUT /faults` and the requests run on the same loop.
service::definition make_model_definition(const std::shared_ptr<const sim::service_model>& model) {
  auto faults = std::make_shared<sim::fault_effects>();
  auto definition = sim::modeled_service(model, faults, burn_cpu);
  definition.app = [model_app = definition.app, faults](service::service_context& context,
                                                        service::api_key_authenticator& authenticator) {
    auto routes = model_app(context, authenticator);
    routes.put("/faults", [faults](http::request_context& request) {
      const auto read = json::decode<fault_request>(request.body());
      if (!read) return http::error_response(http::status::bad_request, read.error().text());
      *faults = {read->slowdown.value_or(1), std::chrono::milliseconds{read->latency_ms.value_or(0)},
                 static_cast<double>(read->error_percent.value_or(0)) / 100,
                 static_cast<double>(read->hang_percent.value_or(0)) / 100};
      return http::json_response("{}");
    });
    return routes;
  };
  return definition;
}

int run(int argc, char** argv) {
  const std::string file = argc > 1 ? argv[1] : "";
  const std::string name = argc > 2 ? argv[2] : "";
  const auto fail = [](const std::string& reason) {
    std::cerr << "cohort-model-service: " << reason << "\n";
    return invalid_input;
  };
  if (name.empty()) {
    std::cerr << "usage: cohort-model-service PLAN SERVICE [FLAG…], with the flags of the service\n";
    return invalid_input;
  }
  const auto text = config::read_small_file(file, sim::max_plan_file_bytes);
  if (!text.error.empty()) return fail("the plan \"" + file + "\" cannot be read: " + text.error);
  const auto plan = sim::parse_plan(text.text, std::filesystem::path{file}.parent_path(), program_names());
  if (!plan) return fail(file + ": " + plan.error());
  const auto* const service = plan->find(name);
  if (service == nullptr) return fail(file + " has no service \"" + name + "\"");
  argv[2] = argv[0];
  return service::run(argc - 2, argv + 2, make_model_definition(service->model));
}

}  // namespace
}  // namespace cohort::simulation

int main(int argc, char** argv) { return cohort::simulation::run(argc, argv); }
