#pragma once

#include <boost/url/parse.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/http/server.hpp"
#include "core/net/memory_network.hpp"
#include "core/runtime/when_all.hpp"
#include "loadgen/load_run.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

// Runs of load on a virtual clock, against a real server or a scripted peer on the in-memory network.
namespace cohort::test {

using loadgen::load_settings;
using loadgen::outcome;

inline loadgen::target target_at(std::string name, std::string_view url = "http://192.0.2.80/", unsigned weight = 1) {
  loadgen::target made;
  made.name = std::move(name);
  made.request.url = boost::urls::url{*boost::urls::parse_uri(url)};
  made.weight = weight;
  return made;
}

inline load_settings constant_load(std::int64_t per_second, duration length) {
  load_settings made;
  made.targets.push_back(target_at("site"));
  made.schedule.begin_phase("constant").add_constant(length, loadgen::request_rate::per_second(per_second));
  return made;
}

/// What a scripted peer does with each request that it has read.
using peer_script = std::function<task<>(net::stream&, std::size_t number)>;

class load_site {
 public:
  explicit load_site(net::memory_pipe_settings how = {}) : network(how) {}
  ~load_site() {
    if (server_) time.run(server_->drain(0s));
    if (listener_) listener_->close();
    time.run_for(1s);
  }
  load_site(const load_site&) = delete;
  load_site& operator=(const load_site&) = delete;

  virtual_time time;
  net::memory_network network;
  http::router routes;
  /// How many requests the server's handlers or the scripted peer have seen.
  std::uint64_t served = 0;

  static net::endpoint where() { return {asio::ip::make_address("192.0.2.80"), 80}; }

  /// Serves `routes`.
  void serve() { time.run(start_server(*this)); }
  /// Serves `/` with 200 after what `delay` says of the moment since the run's start at which the request came.
  void serve_after(std::function<duration(duration)> delay) {
    routes.get("/", [this, delay](http::request_context&) { return answer_after_delay(*this, delay); });
    serve();
  }
  /// Instead of a server: does `script` for each request on each connection.
  void script(peer_script what) {
    script_ = std::move(what);
    listener_ = network.listen(where());
    accepting_.emplace(time, accept_all(*this));
  }

  /// Runs it to its end; `during` may stop it, from the loop.
  loadgen::report run(const load_settings& settings, const std::function<task<>(loadgen::load_run&)>& during = {}) {
    const loadgen::stage where_to{time.main_loop(), {&time.main_loop()}, network, [] { return duration{}; }};
    return time.run(run_here(*this, where_to, settings, during));
  }
  duration since_start() const { return time.now() - run_start_; }

 private:
  static task<> start_server(load_site& self) {
    telemetry::logger silent{self.unheard_, "test", telemetry::log_level::off, telemetry::log_format::json};
    self.server_metrics_.emplace(self.metrics_, "test", self.routes);
    self.server_.emplace(std::vector<loop*>{&self.time.main_loop()}, self.network.listen(where()), self.routes,
                         *self.server_metrics_, std::move(silent), http::server_settings{});
    self.server_->start();
    co_return;
  }
  static task<http::response> answer_after_delay(load_site& self, std::function<duration(duration)> delay) {
    ++self.served;
    const auto span = delay(self.since_start());
    if (span > 0s) {
      auto sleeping = sleep_for(span);
      co_await std::move(sleeping);
    }
    co_return http::response{}.body("hello", "text/plain");
  }
  static task<loadgen::report> run_here(load_site& self, loadgen::stage where_to, const load_settings& settings,
                                        std::function<task<>(loadgen::load_run&)> during) {
    loadgen::load_run running{where_to, settings};
    // As the run itself does: a lead for all workers to be ready.
    self.run_start_ = loop::current().now() + 20ms;
    std::vector<task<>> both;
    both.push_back(running.run());
    if (during) both.push_back(during(running));
    auto all = when_all(std::move(both));
    co_await std::move(all);
    co_return running.take_findings();
  }
  static task<> accept_all(load_site& self) {
    for (;;) {
      auto accepted = co_await self.listener_->accept(loop::current());
      if (!accepted) break;
      self.peers_.spawn(play(self, std::move(*accepted)));
    }
    self.peers_.cancel();
    co_await self.peers_.join();
  }
  static task<> play(load_site& self, net::stream_ptr stream) {
    std::string input;
    for (;;) {
      char piece[1024];
      while (input.find("\r\n\r\n") == std::string::npos) {
        auto reading = stream->read_some(asio::buffer(piece));
        const auto got = co_await std::move(reading);
        if (!got) co_return;
        input.append(piece, *got);
      }
      input.erase(0, input.find("\r\n\r\n") + 4);
      co_await self.script_(*stream, static_cast<std::size_t>(++self.served));
    }
  }

  telemetry::registry metrics_{1};
  telemetry::log_sink unheard_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
  peer_script script_;
  std::unique_ptr<net::acceptor> listener_;
  task_group peers_{[](const std::exception_ptr&) {}};
  std::optional<lone_task<>> accepting_;
  time_point run_start_{};
};

inline std::uint64_t count(const loadgen::tally& of, outcome what) {
  return of.outcomes[static_cast<std::size_t>(what)];
}

/// Says these bytes, all of them.
inline task<> say(net::stream& to, std::string bytes) {
  co_await net::write_all(to, {asio::buffer(bytes), asio::const_buffer{}});
}

}  // namespace cohort::test
