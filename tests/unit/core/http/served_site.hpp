#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/http/server.hpp"
#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"
#include "tests/unit/core/telemetry/captured_log.hpp"

// A whole server on a virtual clock and an in-memory network, and clients that send exactly the bytes they are given.
namespace cohort::test {

using http::body_writer;
using http::request_context;

/// A GET with these further lines, each with its end.
inline std::string get(std::string_view path, std::string_view more = {}) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(more).append("\r\n");
  return text;
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append("\r\n").append(more).append("\r\n").append(body);
  return text;
}

inline http::response plain(std::string text) { return http::response{}.body(std::move(text), "text/plain"); }

class served_site {
 public:
  explicit served_site(net::memory_pipe_settings how = {}) : network_(how) {}
  ~served_site() {
    if (!server_) return;
    if (!draining_) begin_drain(0s);
    while (!drained()) time.run_for(100ms);
  }
  served_site(const served_site&) = delete;
  served_site& operator=(const served_site&) = delete;

  virtual_time time;
  http::router routes;
  http::server_settings settings;
  telemetry::registry metrics{1};

  /// Says what is to be logged; without it, nothing is.
  void log_to(telemetry::log_sink& sink) {
    log_.emplace(sink, "test", telemetry::log_level::debug, telemetry::log_format::json,
                 time.main_loop().time_source());
  }

  void start() { time.run(start_here(*this)); }
  net::memory_network& network() noexcept { return network_; }

  /// Starts the server, if it does not serve yet.
  peer connect() {
    if (!server_) start();
    auto connected = time.run(network_.connect(where(), deadline::never()));
    if (!connected) throw std::runtime_error("not connected: " + connected.error().message());
    return {time, std::move(*connected)};
  }
  error_code why_not_connected() {
    const auto connected = time.run(network_.connect(where(), deadline::never()));
    return connected ? error_code{} : connected.error();
  }

  /// One request on a connection of its own.
  received answer_to(std::string_view request, bool to_head = false) {
    auto client = connect();
    client.send(request);
    auto answer = client.receive(to_head);
    if (!answer) throw std::runtime_error("closed without an answer");
    return *answer;
  }

  /// At the end of all tests it happens anyway, at once.
  void begin_drain(duration at_most) { draining_.emplace(time, server_->drain(at_most)); }
  bool drained() const { return draining_->ended(); }
  void drain(duration at_most) {
    begin_drain(at_most);
    while (!drained()) time.run_for(1ms);
  }

  /// The value of a series as it is scraped, such as `test_http_requests_total{…}`; nothing if there is none.
  std::optional<double> series(const std::string& name) const {
    const auto text = metrics.text();
    const auto line = ("\n" + text).find("\n" + name + " ");
    if (line == std::string::npos) return std::nullopt;
    return std::stod(text.substr(line + name.size() + 1));
  }
  std::optional<double> requests(const std::string& endpoint, const std::string& method, int status) const {
    return series("test_http_requests_total{endpoint=\"" + endpoint + "\",method=\"" + method + "\",status=\"" +
                  std::to_string(status) + "\"}");
  }

 private:
  static net::endpoint where() { return {asio::ip::make_address("192.0.2.80"), 80}; }

  static task<> start_here(served_site& self) {
    auto log = self.log_
                   ? *self.log_
                   : telemetry::logger{self.unheard_, "test", telemetry::log_level::off, telemetry::log_format::json};
    self.metrics_.emplace(self.metrics, "test", self.routes);
    self.server_.emplace(std::vector<loop*>{&self.time.main_loop()}, self.network_.listen(where()), self.routes,
                         *self.metrics_, std::move(log), self.settings);
    self.server_->start();
    co_return;
  }

  net::memory_network network_;
  telemetry::log_sink unheard_;
  std::optional<telemetry::logger> log_;
  std::optional<http::server_metrics> metrics_;
  std::optional<http::server> server_;
  std::optional<lone_task<>> draining_;
};

// Handlers. Their coroutines take what they need as parameters: a capture would not live as long.

inline task<http::response> answer_after(duration span, std::string text) {
  co_await sleep_for(span);
  co_return plain(std::move(text));
}

/// Notes how its wait ended.
inline task<http::response> answer_and_note(duration span, journal* notes) {
  const auto how = co_await sleep_for(span);
  notes->push_back(how == wait_status::cancelled ? "cancelled" : "answered");
  co_return plain("late");
}

/// A route that is answered after `span`.
inline auto waits(duration span, std::string text = "waited") {
  return [span, text = std::move(text)](request_context&) { return answer_after(span, text); };
}
inline auto waits_and_notes(duration span, journal& notes) {
  return [span, &notes](request_context&) { return answer_and_note(span, &notes); };
}
inline auto says(std::string text) {
  return [text = std::move(text)](request_context&) { return plain(text); };
}
/// Answers with the body it was sent.
inline http::response echo(request_context& context) { return plain(std::string{context.body()}); }

}  // namespace cohort::test
