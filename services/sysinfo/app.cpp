// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/app.hpp"

#include <boost/version.hpp>

#include <array>

#include <cohort/http/server/input/typed_handler.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::sysinfo {
namespace {

#define COHORT_STRINGIZE_EXPANDED(x) #x
#define COHORT_STRINGIZE(x) COHORT_STRINGIZE_EXPANDED(x)
#if defined(__clang__)
constexpr std::string_view compiler = "Clang " COHORT_STRINGIZE(__clang_major__) "." COHORT_STRINGIZE(__clang_minor__);
#else
constexpr std::string_view compiler = "GCC " COHORT_STRINGIZE(__GNUC__) "." COHORT_STRINGIZE(__GNUC_MINOR__);
#endif
#undef COHORT_STRINGIZE
#undef COHORT_STRINGIZE_EXPANDED

std::string runtime_description() {
  return "C++20, " + std::string{compiler} + ", Boost " + std::to_string(BOOST_VERSION / 100'000) + "." +
         std::to_string(BOOST_VERSION / 100 % 1000);
}

/// The body of the response. `to_json` writes the body, with a fixed number of decimals.
struct sysinfo_report {
  std::string service, hostname, container_hostname, platform, platform_release, platform_version, architecture,
      processor;
  unsigned cpu_count, cpu_count_physical;
  double memory_total_gb, memory_available_gb, memory_percent;
  std::string runtime;
  double cgroup_memory_limit_gb, cgroup_memory_used_gb, cgroup_memory_percent, cgroup_cpu_limit;
  std::array<double, 3> load_average;
  double uptime_seconds;
};
BOOST_DESCRIBE_STRUCT(sysinfo_report, (),
                      (service, hostname, container_hostname, platform, platform_release, platform_version,
                       architecture, processor, cpu_count, cpu_count_physical, memory_total_gb, memory_available_gb,
                       memory_percent, runtime, cgroup_memory_limit_gb, cgroup_memory_used_gb, cgroup_memory_percent,
                       cgroup_cpu_limit, load_average, uptime_seconds))
constexpr auto constraints(json::type<sysinfo_report>) {
  using json::member;
  using report = sysinfo_report;
  return json::constrain(
      member(&report::hostname, {.description = "HOST_HOSTNAME if it is set, otherwise the host name of the machine"}),
      member(&report::processor, {.description = "The CPU's model name"}),
      member(&report::cpu_count, {.description = "Logical CPUs"}),
      member(&report::cpu_count_physical, {.description = "Cores"}),
      member(&report::memory_total_gb, {.min = 0, .description = "In GiB"}),
      member(&report::memory_available_gb, {.min = 0, .description = "In GiB"}),
      member(&report::memory_percent, {.min = 0, .max = 100}),
      member(&report::cgroup_memory_limit_gb,
             {.min = 0, .required = false, .description = "In a container with a limit"}),
      member(&report::cgroup_memory_used_gb,
             {.min = 0, .required = false, .description = "In a container with a limit"}),
      member(&report::cgroup_memory_percent,
             {.min = 0, .required = false, .description = "In a container with a limit"}),
      member(&report::cgroup_cpu_limit,
             {.min = 0, .required = false, .description = "Limit in CPUs, in a container with a limit"}),
      member(&report::load_average, {.items = {.min = 0}, .description = "Over 1, 5 and 15 minutes"}),
      member(&report::uptime_seconds, {.min = 0}));
}

double gibibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0); }

/// Returns zero if the total is zero.
double percentage(std::uint64_t part, std::uint64_t total) {
  return total == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(total);
}

void write_memory(json::writer& writer, const system_info& info) {
  writer.key("memory_total_gb").fixed(gibibytes(info.memory_total_bytes), 2);
  writer.key("memory_available_gb").fixed(gibibytes(info.memory_available_bytes), 2);
  writer.key("memory_percent")
      .fixed(percentage(info.memory_total_bytes - info.memory_available_bytes, info.memory_total_bytes), 1);
}

void write_limits(json::writer& writer, const system_info& info) {
  if (info.cgroup_memory_limit_bytes) {
    writer.key("cgroup_memory_limit_gb").fixed(gibibytes(*info.cgroup_memory_limit_bytes), 2);
  }
  if (info.cgroup_memory_limit_bytes && info.cgroup_memory_used_bytes) {
    writer.key("cgroup_memory_used_gb").fixed(gibibytes(*info.cgroup_memory_used_bytes), 2);
    writer.key("cgroup_memory_percent")
        .fixed(percentage(*info.cgroup_memory_used_bytes, *info.cgroup_memory_limit_bytes), 1);
  }
  if (info.cgroup_cpu_limit) writer.field("cgroup_cpu_limit", *info.cgroup_cpu_limit);
}

std::string to_json(const system_info& info, const std::string& host_hostname) {
  std::string body;
  body.reserve(768);
  json::writer writer{body};
  writer.open_object()
      .field("service", "system-info-service")
      .field("hostname", host_hostname.empty() ? info.hostname : host_hostname)
      .field("container_hostname", info.hostname)
      .field("platform", info.platform)
      .field("platform_release", info.platform_release)
      .field("platform_version", info.platform_version)
      .field("architecture", info.architecture)
      .field("processor", info.processor)
      .field("cpu_count", info.cpu_count)
      .field("cpu_count_physical", info.cpu_count_physical);
  write_memory(writer, info);
  writer.field("runtime", runtime_description());
  write_limits(writer, info);
  writer.key("load_average").open_array();
  for (const double load : info.load_average) writer.fixed(load, 2);
  writer.close_array();
  writer.key("uptime_seconds").fixed(info.uptime_seconds, 0);
  writer.close_object();
  return body;
}

}  // namespace

http::router app(std::string host_hostname, system_info_reader reader) {
  struct state {
    std::string host_hostname;
    system_info_reader reader;
  };
  auto shared = std::make_shared<const state>(state{std::move(host_hostname), std::move(reader)});
  http::router router;
  router
      .get("/api/sysinfo",
           [shared](http::request_context&) {
             return http::json_response(to_json(shared->reader.read(), shared->host_hostname));
           })
      .summary("The machine that runs the service")
      .operation_id("get_sysinfo")
      .tags({"sysinfo"})
      .returns<sysinfo_report>(http::status::ok, "The machine and its load");
  return router;
}

service::definition definition() {
  auto host_hostname = std::make_shared<std::string>();
  service::definition definition;
  definition.name = "system-info-service";
  definition.metric_prefix = "system_info_service";
  definition.description = "Describes the machine of the service: GET /api/sysinfo";
  definition.version = version();
  definition.port = 5002;
  definition.deadline_admission = http::admission_settings::infeasible_action::reject;
  definition.add_options = [host_hostname](config::options& options) {
    options.add(*host_hostname,
                {"--host-hostname", "HOST_HOSTNAME", "Host name of the machine that runs the container"},
                config::visible_ascii("a host name"), "the kernel's host name");
  };
  definition.app = [host_hostname](service::service_context&, service::api_key_authenticator&) {
    return app(*host_hostname);
  };
  return definition;
}

}  // namespace cohort::sysinfo
