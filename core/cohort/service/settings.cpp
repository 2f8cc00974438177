// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/settings.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/runtime/runtime.hpp>

namespace cohort::service {

void add_common_options(config::options& options, common_settings& settings, std::string port_help) {
  settings.threads = static_cast<std::int64_t>(available_parallelism());
  options.add(settings.host, {"--host", "", "IP address to listen on"}, config::ip_address(), settings.host);
  options.add(settings.port, {"--port", "", std::move(port_help)}, config::port(), std::to_string(settings.port));
  options.add(settings.threads, {"--threads", "", "Number of threads, each with its own event loop"},
              config::integer(1, 256), "the number of available processors");
  options.add(
      settings.blocking_threads,
      {"--blocking-threads", "BLOCKING_THREADS", "Maximum number of threads for blocking work, started on demand"},
      config::integer(1, 1024), std::to_string(settings.blocking_threads));
  options.add(settings.loop_stall_ms,
              {"--loop-stall-ms", "LOOP_STALL_MS",
               "Time in milliseconds after which a blocked event loop is logged, with its current work; 0: never"},
              config::integer(0, 60'000), std::to_string(settings.loop_stall_ms));
  options.add_api_keys(settings.api_keys,
                       {"--api-key", "API_KEY", "API key required for /api/*; no authentication if it is not set"},
                       &settings.api_key_file);
  options.add(settings.auth_failure_limit,
              {"--auth-failure-limit", "AUTH_FAILURE_LIMIT",
               "Maximum rate of requests with an invalid API key from each client address (IPv6: /64 prefix)"},
              config::event_rate_or_off(), "10/min");
  options.add(
      settings.rate_limit,
      {"--rate-limit", "RATE_LIMIT", "Maximum request rate of each client address (IPv6: /64 prefix), such as 100/min"},
      config::event_rate(), "no limit");
  options.add(settings.deadline_admission,
              {"--deadline-admission", "DEADLINE_ADMISSION",
               "Action for requests with less time left than their route's median duration"},
              config::one_of({"ignore", "observe", "refuse"}), "set by each service");
  options.add(settings.concurrency_limit,
              {"--concurrency-limit", "CONCURRENCY_LIMIT", "Concurrency limit; excess requests are rejected with 503"},
              config::one_of({"adaptive", "off"}), settings.concurrency_limit);
  options.add(settings.time_zone, {"--tz", "TZ", "Time zone of local times"}, config::time_zone(),
              "the system time zone");
  options.add(settings.log_level, {"--log-level", "LOG_LEVEL", "Minimum severity of log lines"},
              config::one_of({"trace", "debug", "info", "warn", "error", "off"}, {{"warning", "warn"}}),
              settings.log_level);
  options.add(settings.log_format, {"--log-format", "LOG_FORMAT", "Format of log lines"},
              config::one_of({"json", "text"}), settings.log_format);
  options.add(settings.idle_timeout,
              {"--idle-timeout", "IDLE_TIMEOUT",
               "Idle timeout of a connection, from a response to the next request, in seconds"},
              config::seconds(1, 3600), std::to_string(settings.idle_timeout.count()));
  options.add(settings.drain_delay,
              {"--drain-delay", "DRAIN_DELAY",
               "Seconds from SIGTERM to the drain; meanwhile /readyz returns 503 and requests are served"},
              config::seconds(0, 3600), std::to_string(settings.drain_delay.count()));
  options.add(settings.drain_timeout,
              {"--drain-seconds", "", "Maximum time in seconds for requests in flight to complete after SIGTERM"},
              config::seconds(0, 3600), std::to_string(settings.drain_timeout.count()));
  options.add(settings.registry,
              {"--register", "REGISTER",
               "Discovery system in which the service registers itself, such as etcd://127.0.0.1:2379/services"},
              discovery::registry_url(), "no registration");
  options.add(settings.advertise_address,
              {"--advertise-address", "ADVERTISE_ADDRESS",
               "Address, and port if it differs, under which the service registers itself"},
              discovery::instance_address(), "the address that the service listens on");
  add_connection_options(options, settings.connections);
  add_tls_options(options, settings.tls);
  options.add_switch(settings.healthcheck, "--healthcheck",
                     "Query /health of the running service; exit status 0 if healthy, else 1");
}

}  // namespace cohort::service
