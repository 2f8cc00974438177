#pragma once

#include <atomic>
#include <boost/url/url.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/server.hpp"
#include "core/service/fault_injector.hpp"
#include "core/service/service.hpp"
#include "core/service/settings.hpp"

namespace cohort::service {

/// How a server is called that listens there: a wildcard is reached by loopback.
boost::urls::url url_of(const net::endpoint& where);

/// What an instance is built with, apart from its own settings.
struct surroundings {
  net::network& network;
  const common_settings& settings;
  const telemetry::logger& log;
  /// Where the services of this same process listen, by name.
  std::map<std::string, boost::urls::url> siblings;
  std::size_t connections = http::server_limits{}.connections;
};

/// One service as its program runs it, on whatever loops and network it is given: what `main` does between reading the
/// settings and ending. In this order: construct, `build`, `start`, `begin_drain`, `stop`.
class instance {
 public:
  /// `what` has its options parsed. `listener` belongs to the first loop.
  instance(definition what, std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener);
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;

  const std::string& name() const noexcept { return what_.name; }
  boost::urls::url url() const { return url_of(local_); }
  /// All that is counted here; what only the process as a whole can tell is for its owner to add.
  telemetry::registry& metrics() noexcept { return metrics_; }
  const telemetry::registry& metrics() const noexcept { return metrics_; }

  /// Makes the routes. `given.network` must outlive it.
  void build(const surroundings& given);
  /// On the first loop: from now on it serves.
  void start();
  /// From now on `/readyz` says that it is about to go.
  void begin_drain();
  /// On the first loop: takes no new connection, gives requests in flight so long, then ends all its work.
  task<> stop(duration at_most);

 private:
  static task<> close_idle(http::client& client);

  definition what_;
  std::vector<loop*> loops_;
  telemetry::registry metrics_;
  std::unique_ptr<net::acceptor> listener_;
  net::endpoint local_;
  std::atomic<bool> draining_{false};
  std::string api_key_;
  std::optional<telemetry::logger> log_;
  std::optional<http::client> client_;
  std::optional<background> work_;
  std::optional<key_guard> guard_;
  http::router routes_;
  /// Only where they are enabled.
  std::optional<fault_injector> faults_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
};

}  // namespace cohort::service
