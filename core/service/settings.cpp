#include "core/service/settings.hpp"

#include <boost/asio/ip/address.hpp>

#include "core/runtime/runtime.hpp"

namespace cohort::service {

void add_common_options(config::options& to, common_settings& settings, std::string port_help) {
  settings.threads = static_cast<std::int64_t>(hardware_threads());
  to.add(settings.host, {"--host", "", "Address to listen on"}, config::address(), settings.host);
  to.add(settings.port, {"--port", "", std::move(port_help)}, config::port(), std::to_string(settings.port));
  to.add(settings.threads, {"--threads", "", "Threads, each with an event loop of its own"}, config::integer(1, 256),
         "the processors it may use");
  to.add_secret(settings.api_key, {"--api-key", "API_KEY", "Key that /api/* asks for as X-API-Key; none: open to all"});
  to.add(settings.rate_limit, {"--rate-limit", "RATE_LIMIT", "Requests for each client address, such as 100/min"},
         config::events_per_time(), "no limit");
  to.add(settings.deadline_admission,
         {"--deadline-admission", "DEADLINE_ADMISSION", "Requests with less time left than their route usually takes"},
         config::one_of({"ignore", "observe", "refuse"}), "the service's own");
  to.add(
      settings.concurrency_limit,
      {"--concurrency-limit", "CONCURRENCY_LIMIT", "Whether requests are turned away when there are too many at once"},
      config::one_of({"adaptive", "off"}), settings.concurrency_limit);
  to.add(settings.time_zone, {"--tz", "TZ", "Time zone of the local time"}, config::time_zone(), "the system's");
  to.add(settings.log_level, {"--log-level", "LOG_LEVEL", "Least level of the lines that are logged"},
         config::one_of({"trace", "debug", "info", "warn", "error", "off"}), settings.log_level);
  to.add(settings.log_format, {"--log-format", "LOG_FORMAT", "Form of the log lines"}, config::one_of({"json", "text"}),
         settings.log_format);
  to.add(settings.drain_time, {"--drain-seconds", "", "How long requests in flight may take to end after SIGTERM"},
         config::seconds(0, 3600), std::to_string(settings.drain_time.count()));
  to.add_switch(settings.enable_faults,
                {"--enable-faults", "ENABLE_FAULTS", "Take faults at /api/faults: for demonstrations and tests"});
  to.add_switch(settings.healthcheck, "--healthcheck",
                "Ask the running service for its health; exit 0 if well, else 1");
}

std::optional<std::string> conflict_in(const common_settings& settings) {
  const bool is_private = boost::asio::ip::make_address(settings.host).is_loopback();
  if (!settings.enable_faults || is_private || !settings.api_key.empty()) return std::nullopt;
  return "--host is \"" + settings.host +
         "\", but must be a loopback address such as 127.0.0.1 with --enable-faults (ENABLE_FAULTS), unless API_KEY is "
         "set";
}

}  // namespace cohort::service
