// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/services/dashboard/alert_samples.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A subscriber of `/api/events`, and the body that the subscriber has received.
class subscriber {
 public:
  explicit subscriber(dashboard_fixture& fixture, std::string_view fields = {})
      : fixture_(fixture), peer_(fixture.connect()) {
    peer_.send(get("/api/events", fields));
  }

  const std::string& receive_for(duration span) {
    // The server closes a stream that is not read, so the test reads at least every 10 s.
    constexpr duration step = 10s;
    for (; span > step; span -= step) receive_for(step);
    fixture_.time.run_for(span);
    while (peer_.stream().is_readable()) {
      const auto bytes = peer_.read();
      if (!bytes) {
        break;
      }
      input_ += *bytes;
    }
    if (!body_) {
      if (auto head = extract_head(input_)) {
        start_line_ = head->start_line;
        headers_ = head->headers;
        body_.emplace(head->headers, body_decoder::unframed_body::until_close);
      }
    }
    if (body_) body_->consume(input_, text_);
    return text_;
  }
  std::size_t count(std::string_view what) const {
    std::size_t found = 0;
    for (auto at = text_.find(what); at != std::string::npos; at = text_.find(what, at + 1)) ++found;
    return found;
  }
  std::optional<std::string> header(std::string_view name) const { return find_header(headers_, name); }
  const std::string& start_line() const { return start_line_; }
  bool is_complete() const { return body_ && body_->finished(); }
  void disconnect() { peer_.stream().close(); }

 private:
  dashboard_fixture& fixture_;
  peer peer_;
  std::string input_;
  std::string text_;
  std::string start_line_;
  header_list headers_;
  std::optional<body_decoder> body_;
};

TEST_CASE("event feed: the time is sent every second, and the aggregate every 1.5 s", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(10ms);
  CHECK(first.start_line() == "HTTP/1.1 200 OK");
  CHECK(first.header("Content-Type") == "text/event-stream");
  CHECK(first.header("Cache-Control") == "no-store");
  CHECK(first.count("event: aggregate\ndata: {\"dashboard\":\"aggregator-service\"") == 1);
  CHECK(first.count("event: time\ndata: {\"service\":\"time-service\",\"timestamp\":\"now\"}\n\n") == 1);
  first.receive_for(10s);
  CHECK(first.count("event: aggregate\n") == 7);
  CHECK(first.count("event: time\n") == 11);
  first.disconnect();
}

TEST_CASE("event feed: events that follow each other closely are sent in one write; separate events are not delayed",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 300ms;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  stream.receive_for(1s);
  // The aggregate at 1.5 s sends two parts immediately, and the other events with the part of the weather service.
  const auto size_before = stream.receive_for(490ms).size();
  const auto early = stream.receive_for(20ms).substr(size_before);
  CHECK(early.find("\"sysinfo_service\":{") != std::string::npos);
  CHECK(early.find("\"weather_service\":{") == std::string::npos);
  const auto late_events = stream.receive_for(310ms).substr(size_before + early.size());
  const auto last_write = late_events.substr(late_events.find("event: part"));
  CHECK(last_write.find("event: request") != std::string::npos);
  // Chunks end with a CRLF, events with LF.
  CHECK(last_write.find('\r') > last_write.find("event: request"));
}

TEST_CASE("event feed: the services are polled once for all subscribers", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  std::deque<subscriber> subscribers;
  for (int i = 0; i < 5; ++i) subscribers.emplace_back(fixture).receive_for(10ms);
  fixture.time.run_for(10s);
  CHECK(fixture.weather.request_count() == 7);
  CHECK(fixture.time_service.request_count() == 7 + 11);
  for (auto& subscriber : subscribers) {
    subscriber.receive_for(0s);
    CHECK(subscriber.count("event: aggregate\n") == 7);
    subscriber.disconnect();
  }
}

TEST_CASE("event feed: a new subscriber receives the latest aggregate immediately", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(1s);
  subscriber second{fixture};
  second.receive_for(10ms);
  CHECK(second.count("event: aggregate\n") == 1);
  CHECK(second.count("event: request\n") == 1);
  CHECK(fixture.weather.request_count() == 1);
  first.disconnect();
  second.disconnect();
}

TEST_CASE("event feed: polling stops without subscribers and restarts without earlier events",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.time.run_for(1min);
  CHECK(fixture.weather.request_count() == 0);
  {
    subscriber first{fixture};
    first.receive_for(1s);
    first.disconnect();
  }
  fixture.time.run_for(10s);
  const auto requests = fixture.time_service.request_count();
  fixture.time.run_for(10min);
  CHECK(fixture.time_service.request_count() == requests);
  CHECK(fixture.weather.request_count() == 1);
  fixture.time_service.body = R"({"timestamp":"later"})";
  subscriber next{fixture};
  next.receive_for(10ms);
  CHECK(next.count("later") == 3);  // in the events `time`, `part` and `aggregate`
  CHECK(next.count("\"now\"") == 0);
  CHECK(fixture.weather.request_count() == 2);
  next.disconnect();
}

TEST_CASE("event feed: failures are sent, and a slow service does not delay the time", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 1h;
  fixture.sysinfo.status = http::status::internal_server_error;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(4500ms);
  CHECK(first.count("event: time\n") == 5);
  CHECK(first.count("event: aggregate\n") == 0);
  CHECK(first.count("event: poll\ndata: {\"poll\":1,\"budgets_ms\":{\"time_service\":3000,") == 1);
  CHECK(first.count("event: part\ndata: {\"poll\":1,\"time_service\":") == 1);
  // Each of three aggregates has sent the parts `time_service` and `sysinfo_service`.
  CHECK(first.count("event: part\n") == 6);
  first.receive_for(600ms);
  CHECK(first.count("event: aggregate\n") == 1);
  CHECK(first.count(R"(data: {"poll":1,"weather_service":{"error":"Service temporarily unavailable"})") == 1);
  CHECK(first.count(R"("state":"timeout","elapsed_ms")") == 2);  // in the events `part` and `aggregate`
  CHECK(first.count("event: request\n") == 1);
  fixture.time_service.status = http::status::internal_server_error;
  first.receive_for(2s);
  CHECK(first.count("Error: the time service is unavailable") >= 1);
  first.disconnect();
}

TEST_CASE("event feed: a slow service delays neither other parts nor the next calls", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 1h;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(2s);
  fixture.sysinfo.status = http::status::internal_server_error;
  first.receive_for(1100ms);
  CHECK(first.count("\"sysinfo_service\":{\"error\":") == 1);
  first.disconnect();
}

TEST_CASE("event feed: the response of an earlier call does not replace a later response", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.sysinfo.delay = 2s;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(1400ms);
  fixture.sysinfo.delay = 0s;
  fixture.sysinfo.body = R"({"service":"system-info-service","cpu_count":9})";
  first.receive_for(400ms);
  CHECK(first.count("\"cpu_count\":9}") == 2);  // in the events `part` and `aggregate`
  first.receive_for(600ms);                     // the response to the first call arrives
  CHECK(first.count("event: part\ndata: {\"poll\":1,\"sysinfo_service\"") == 0);
  CHECK(first.count("event: aggregate\n") == 1);
  CHECK(first.count("event: request\n") == 2);
  first.disconnect();
}

TEST_CASE("event feed: a body of several lines is sent as one event", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.time_service.body = "{\n  \"timestamp\": \"now\"\r\n}\n";
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(10ms);
  CHECK(first.count("event: time\ndata: {\"timestamp\":\"now\"}\n\n") == 1);
  first.disconnect();
}

received_response post_alerts(dashboard_fixture& fixture, std::initializer_list<alert_sample> alerts) {
  return fixture.response_to(post("/api/alerts", webhook_body(alerts), "Content-Type: application/json\r\n"));
}

TEST_CASE("event feed: alerts are sent immediately and after each change", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(0s);
  const std::string empty_alerts_json =
      "{\"monitoring\":{\"state\":\"unknown\",\"last_heard_seconds\":null},"
      "\"firing\":[],\"resolved\":[],\"not_shown\":0}";
  CHECK(first.count("event: alerts\ndata: " + empty_alerts_json + "\n\n") == 1);
  first.receive_for(58500ms);
  CHECK(first.count("event: alerts\n") == 1);

  post_alerts(fixture, {{}});
  first.receive_for(1100ms);
  CHECK(first.count("event: alerts\n") == 2);
  CHECK(first.count("\"name\":\"ServiceDown\"") == 1);

  subscriber late_subscriber{fixture};
  late_subscriber.receive_for(5s);
  CHECK(late_subscriber.count("event: alerts\n") == 1);
  CHECK(late_subscriber.count("\"name\":\"ServiceDown\"") == 1);
  first.receive_for(0s);
  CHECK(first.count("event: alerts\n") == 2);
  first.disconnect();
  late_subscriber.disconnect();
}

TEST_CASE("event feed: an alert event is sent when monitoring becomes silent or an alert becomes stale",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  post_alerts(fixture, {{}, watchdog()});
  subscriber first{fixture};
  first.receive_for(3min - 2s);
  CHECK(first.count("\"state\":\"silent\"") == 0);
  first.receive_for(3s);
  CHECK(first.count("\"state\":\"silent\"") == 1);
  CHECK(first.count("\"stale\":true") == 0);
  for (int minute = 0; minute < 12; ++minute) first.receive_for(1min);
  first.receive_for(1s);
  CHECK(first.count("\"stale\":true") == 1);
  CHECK(first.count("event: alerts\n") == 3);
  first.disconnect();
}

TEST_CASE("event feed: a subscriber after a pause receives the current alerts once", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  {
    subscriber first{fixture};
    first.receive_for(2s);
    first.disconnect();
  }
  fixture.time.run_for(10s);
  post_alerts(fixture, {{}});
  subscriber next{fixture};
  next.receive_for(5s);
  CHECK(next.count("event: alerts\n") == 1);
  CHECK(next.count("\"name\":\"ServiceDown\"") == 1);
  next.disconnect();
}

TEST_CASE("event feed: a draining server sends a final event and ends the stream", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(2500ms);
  const auto start = fixture.time.now();
  fixture.time.run(fixture.drain(10s));
  CHECK(fixture.time.now() - start < 1s);
  const auto text = first.receive_for(10ms);
  CHECK(text.ends_with("event: bye\ndata: {}\n\n"));
  CHECK(first.is_complete());
}

TEST_CASE("event feed: without the key the stream is rejected", "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  subscriber first{fixture};
  first.receive_for(1s);
  CHECK(first.start_line().starts_with("HTTP/1.1 401"));
  CHECK(fixture.time_service.request_count() == 0);
}

/// Starts a session and returns its `Cookie` header line.
std::string start_session(dashboard_fixture& fixture) {
  const auto response =
      fixture.response_to("POST /session HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\nX-API-Key: secret\r\n\r\n");
  const auto value = *response.header("Set-Cookie");
  return "Cookie: " + value.substr(0, value.find(';')) + "\r\n";
}

TEST_CASE("event feed: signing out ends the streams of the session immediately, and no other streams",
          "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  const auto cookie = start_session(fixture);
  subscriber first{fixture, cookie};
  subscriber second{fixture, cookie};
  subscriber other_subscriber{fixture, start_session(fixture)};
  subscriber program{fixture, "X-API-Key: secret\r\n"};
  for (auto* stream : {&first, &second, &other_subscriber, &program}) {
    stream->receive_for(100ms);
    CHECK(stream->start_line() == "HTTP/1.1 200 OK");
  }
  CHECK(fixture.response_to("DELETE /session HTTP/1.1\r\nHost: test\r\n" + cookie + "\r\n").status == 204);
  for (auto* stream : {&first, &second}) {
    CHECK(stream->receive_for(10ms).ends_with("event: bye\ndata: {}\n\n"));
    CHECK(stream->is_complete());
  }
  for (auto* stream : {&other_subscriber, &program}) {
    stream->receive_for(2s);
    CHECK_FALSE(stream->is_complete());
    stream->disconnect();
  }
}

TEST_CASE("event feed: a stream ends when the cookie of its session expires or its key is removed",
          "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  subscriber stream{fixture, start_session(fixture)};
  stream.receive_for(2s);
  CHECK_FALSE(stream.is_complete());
  if (GENERATE(true, false)) {
    fixture.time.step_wall_clock(15min);
  } else {
    fixture.api_key.replace("another");
  }
  stream.receive_for(1100ms);
  CHECK(stream.is_complete());
}

TEST_CASE("event feed: a part that an open breaker has rejected contains the time until the next probe",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.status = http::status::internal_server_error;
  fixture.serve_dashboard();
  subscriber stream{fixture};
  stream.receive_for(8s);
  CHECK(stream.count("probe_in_ms") == 0);
  const auto& text = stream.receive_for(10s);
  const auto found = text.find(R"(,"probe_in_ms":)");
  REQUIRE(found != std::string::npos);
  const auto data = text.rfind("data:", found);
  CHECK(text.substr(data, found - data).find(R"("weather_service":{"state":"open")") != std::string::npos);
  const auto milliseconds = std::stoi(text.substr(found + 15, 8));
  CHECK(milliseconds > 0);
  CHECK(milliseconds <= 4'400);
}

}  // namespace
}  // namespace cohort
