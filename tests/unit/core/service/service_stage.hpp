#pragma once

#include <boost/url/parse.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/http/server.hpp"
#include "core/json/reader.hpp"
#include "core/service/probes.hpp"
#include "core/service/service.hpp"
#include "tests/unit/core/http/served_site.hpp"

// A service as its `main` would build it, and what it calls, on one virtual clock and one in-memory network.
namespace cohort::test {

inline task<> close_idle_connections(http::client& which) {
  which.close_idle();
  co_return;
}

inline boost::urls::url url_of(std::string_view text) { return boost::urls::url{*boost::urls::parse_uri(text)}; }

/// A server that is called.
class site_on {
 public:
  site_on(virtual_time& time, net::memory_network& network, const net::endpoint& where, http::router routes,
          http::server_settings settings = {})
      : time_(time), routes_(std::move(routes)), counted_(metrics, "site", routes_) {
    server_.emplace(std::vector<loop*>{&time.main_loop()}, network.listen(where), routes_, counted_,
                    telemetry::logger{unheard_, "site", telemetry::log_level::off, telemetry::log_format::json},
                    std::move(settings));
    time.run(start_here(*server_));
  }
  ~site_on() { time_.run(server_->drain(0s)); }
  site_on(const site_on&) = delete;
  site_on& operator=(const site_on&) = delete;

  http::server& server() { return *server_; }
  telemetry::registry metrics{1};

 private:
  static task<> start_here(http::server& which) {
    which.start();
    co_return;
  }

  virtual_time& time_;
  telemetry::log_sink unheard_;
  http::router routes_;
  http::server_metrics counted_;
  std::optional<http::server> server_;
};

class service_stage {
 public:
  explicit service_stage(std::string key = {}, net::memory_pipe_settings how = {})
      : network(how), client(network, 1), api_key(std::move(key)), guard(api_key, metrics, "service") {}
  ~service_stage() {
    service_.reset();
    time.run(work.stop());
    time.run(close_idle_connections(client));
    sites_.clear();
  }
  service_stage(const service_stage&) = delete;
  service_stage& operator=(const service_stage&) = delete;

  virtual_time time;
  net::memory_network network;
  http::client client;
  telemetry::registry metrics{1};
  telemetry::log_sink unheard;
  telemetry::logger log{unheard, "service", telemetry::log_level::off, telemetry::log_format::json};
  service::background work{{&time.main_loop()}, log};
  const std::string api_key;
  service::key_guard guard;
  std::atomic<bool> draining{false};

  service::kit kit() { return {client, metrics, log, work, api_key, {}}; }

  /// A server under this name, on port 80.
  site_on& add_site(const std::string& host, http::router routes) {
    const auto address = next_address(host);
    return sites_.emplace_back(time, network, net::endpoint{address, 80}, std::move(routes));
  }
  void add_black_hole(const std::string& host) { network.black_hole({next_address(host), 80}); }
  /// A name whose address nobody listens on.
  void add_closed_port(const std::string& host) { next_address(host); }

  /// Serves it with the probes and filters that every service has.
  void serve(http::router routes, std::optional<config::rate> limit = {}) {
    guard.expose_counters(routes);
    service::add_probes(routes, metrics, draining);
    if (limit) routes.add_filter(service::rate_limit_filter(*limit, metrics));
    routes.add_filter(service::api_key_filter(guard));
    service_ = std::make_unique<site_on>(time, network, where(), std::move(routes));
  }
  /// As at the end of the program.
  task<> drain(duration at_most) { return service_->server().drain(at_most); }

  /// A connection to the service.
  peer connect() {
    auto connected = time.run(network.connect(where(), deadline::never()));
    if (!connected) throw std::runtime_error("not connected: " + connected.error().message());
    return {time, std::move(*connected)};
  }
  /// One request on a connection of its own.
  received answer_to(std::string_view request) {
    auto caller = connect();
    caller.send(request);
    auto answer = caller.receive();
    if (!answer) throw std::runtime_error("closed without an answer");
    return *answer;
  }

  /// The value of a series as it is scraped; nothing if there is none.
  std::optional<double> series(const std::string& name) const {
    const auto text = "\n" + metrics.text();
    const auto line = text.find("\n" + name + " ");
    if (line == std::string::npos) return std::nullopt;
    return std::stod(text.substr(line + name.size() + 2));
  }

 private:
  static net::endpoint where() { return {asio::ip::make_address("192.0.2.50"), 5000}; }
  asio::ip::address next_address(const std::string& host) {
    const auto made = asio::ip::make_address("198.51.100." + std::to_string(++hosts_));
    network.add_name(host, {made});
    return made;
  }

  int hosts_ = 0;
  std::deque<site_on> sites_;
  std::unique_ptr<site_on> service_;
};

/// What a called server does with each request, and what it was asked so far.
struct scripted_answer {
  duration delay{};
  http::status code = http::status::ok;
  std::string body = "{}";
  std::string location;
  std::vector<std::string> targets;
  /// Of the newest request.
  std::vector<std::pair<std::string, std::string>> fields;

  std::size_t asked() const { return targets.size(); }
  std::optional<std::string> field(std::string_view name) const { return find_header(fields, name); }
};

inline task<http::response> answer_as_scripted(scripted_answer* how) {
  const auto code = how->code;
  const auto body = how->body;
  const auto location = how->location;
  if (how->delay > 0s) co_await sleep_for(how->delay);
  auto answer = http::json_response(body, code);
  if (!location.empty()) answer.set("Location", location);
  co_return answer;
}

/// One route that does as `how` says, which must outlive it.
inline http::router scripted(std::string pattern, scripted_answer& how) {
  http::router routes;
  routes.get(std::move(pattern), [&how](request_context& context) {
    how.targets.emplace_back(context.head().target);
    how.fields.clear();
    for (const auto& each : context.head().fields) how.fields.emplace_back(each.name, each.value);
    return answer_as_scripted(&how);
  });
  return routes;
}

/// What stands in a JSON text at a pointer such as `/meta/time_service/state`, as JSON; nothing if there is none.
inline std::optional<std::string> json_at(std::string_view text, std::string_view pointer) {
  const auto found = json::read(text, [&](simdjson::dom::element root) -> result<std::string> {
    simdjson::dom::element at;
    if (root.at_pointer(pointer).get(at) != simdjson::SUCCESS) {
      return error_code{boost::system::errc::no_message, boost::system::generic_category()};
    }
    return std::string{simdjson::minify(at)};
  });
  return found ? std::optional{*found} : std::nullopt;
}

}  // namespace cohort::test
