#include "services/sysinfo/app.hpp"

#include <boost/version.hpp>

#include "core/json/writer.hpp"

namespace cohort::sysinfo {
namespace {

#define COHORT_TEXT_OF(x) #x
#define COHORT_TEXT(x) COHORT_TEXT_OF(x)
#if defined(__clang__)
constexpr std::string_view compiler = "Clang " COHORT_TEXT(__clang_major__) "." COHORT_TEXT(__clang_minor__);
#else
constexpr std::string_view compiler = "GCC " COHORT_TEXT(__GNUC__) "." COHORT_TEXT(__GNUC_MINOR__);
#endif
#undef COHORT_TEXT
#undef COHORT_TEXT_OF

std::string runtime_description() {
  return "C++20, " + std::string{compiler} + ", Boost " + std::to_string(BOOST_VERSION / 100'000) + "." +
         std::to_string(BOOST_VERSION / 100 % 1000);
}

double gibibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0); }

std::string describe(const machine& seen, const std::string& host_hostname) {
  const double used = static_cast<double>(seen.memory_total_bytes - seen.memory_available_bytes);
  const double percent =
      seen.memory_total_bytes > 0 ? 100.0 * used / static_cast<double>(seen.memory_total_bytes) : 0.0;
  std::string body;
  body.reserve(768);
  json::writer out{body};
  out.open_object()
      .field("service", "system-info-service")
      .field("hostname", host_hostname.empty() ? seen.hostname : host_hostname)
      .field("container_hostname", seen.hostname)
      .field("platform", seen.platform)
      .field("platform_release", seen.platform_release)
      .field("platform_version", seen.platform_version)
      .field("architecture", seen.architecture)
      .field("processor", seen.processor)
      .field("cpu_count", seen.cpu_count)
      .field("cpu_count_physical", seen.cpu_count_physical);
  out.key("memory_total_gb").fixed(gibibytes(seen.memory_total_bytes), 2);
  out.key("memory_available_gb").fixed(gibibytes(seen.memory_available_bytes), 2);
  out.key("memory_percent").fixed(percent, 1);
  out.field("runtime", runtime_description());
  if (seen.cgroup_memory_limit_bytes) {
    out.key("cgroup_memory_limit_gb").fixed(gibibytes(*seen.cgroup_memory_limit_bytes), 2);
  }
  if (seen.cgroup_cpu_limit) out.field("cgroup_cpu_limit", *seen.cgroup_cpu_limit);
  out.key("load_average").open_array();
  for (const double load : seen.load_average) out.fixed(load, 2);
  out.close_array();
  out.key("uptime_seconds").fixed(seen.uptime_seconds, 0);
  out.close_object();
  return body;
}

}  // namespace

http::router app(std::string host_hostname, machine_reader machine) {
  struct state {
    std::string host_hostname;
    machine_reader reader;
  };
  auto shared = std::make_shared<const state>(state{std::move(host_hostname), std::move(machine)});
  http::router routes;
  routes.get("/api/sysinfo", [shared](http::request_context&) {
    return http::json_response(describe(shared->reader.read(), shared->host_hostname));
  });
  return routes;
}

service::definition definition() {
  auto host_hostname = std::make_shared<std::string>();
  service::definition made;
  made.name = "system-info-service";
  made.metric_prefix = "system_info_service";
  made.about = "Describes the machine it runs on: GET /api/sysinfo";
  made.port = 5002;
  made.deadlines = http::admission_settings::hopeless::refuse;
  made.add_options = [host_hostname](config::options& options) {
    options.add(*host_hostname,
                {"--host-hostname", "HOST_HOSTNAME", "The machine's name, where this runs in a container"},
                config::visible_text("a host name"), "the machine's own");
  };
  made.app = [host_hostname](service::kit&, service::key_guard&) { return app(*host_hostname); };
  return made;
}

}  // namespace cohort::sysinfo
