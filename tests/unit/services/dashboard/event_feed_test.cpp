#include <catch2/catch_test_macros.hpp>

#include "tests/unit/services/dashboard/alert_bodies.hpp"
#include "tests/unit/services/dashboard/dashboard_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// One who listens to `/api/events`, and all that was said so far, without its framing.
class listener {
 public:
  explicit listener(dashboard_stage& stage) : stage_(stage), peer_(stage.connect()) { peer_.send(get("/api/events")); }

  const std::string& heard(duration span) {
    stage_.time.run_for(span);
    while (peer_.stream().readable()) {
      const auto got = peer_.read();
      if (!got) {
        ended_ = true;
        break;
      }
      input_ += *got;
    }
    if (!body_) {
      if (auto head = take_head(input_)) {
        start_line_ = head->start_line;
        headers_ = head->headers;
        body_.emplace(head->headers, body_decoder::when_unframed::until_close);
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
  bool finished() const { return body_ && body_->finished(); }
  bool ended() const { return ended_; }
  void leave() { peer_.stream().close(); }

 private:
  dashboard_stage& stage_;
  peer peer_;
  std::string input_;
  std::string text_;
  std::string start_line_;
  header_list headers_;
  std::optional<body_decoder> body_;
  bool ended_ = false;
};

TEST_CASE("Whoever listens hears the aggregate and the time at once, and then every five seconds and every second") {
  dashboard_stage stage;
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(10ms);
  CHECK(someone.start_line() == "HTTP/1.1 200 OK");
  CHECK(someone.header("Content-Type") == "text/event-stream");
  CHECK(someone.header("Cache-Control") == "no-store");
  CHECK(someone.count("event: aggregate\ndata: {\"dashboard\":\"aggregator-service\"") == 1);
  CHECK(someone.count("event: time\ndata: {\"service\":\"time-service\",\"timestamp\":\"now\"}\n\n") == 1);
  someone.heard(10s);
  CHECK(someone.count("event: aggregate\n") == 3);
  CHECK(someone.count("event: time\n") == 11);
  someone.leave();
}

TEST_CASE("However many listen, the upstreams are asked once for all") {
  dashboard_stage stage;
  stage.serve_dashboard();
  std::deque<listener> all;
  for (int i = 0; i < 5; ++i) all.emplace_back(stage).heard(10ms);
  stage.time.run_for(10s);
  CHECK(stage.weather.asked() == 3);
  CHECK(stage.time_service.asked() == 3 + 11);
  for (auto& each : all) {
    each.heard(0s);
    CHECK(each.count("event: aggregate\n") == 3);
    each.leave();
  }
}

TEST_CASE("One who comes later hears the newest aggregate at once, without another question") {
  dashboard_stage stage;
  stage.serve_dashboard();
  listener first{stage};
  first.heard(3s);
  listener second{stage};
  second.heard(10ms);
  CHECK(second.count("event: aggregate\n") == 1);
  CHECK(stage.weather.asked() == 1);
  first.leave();
  second.leave();
}

TEST_CASE("Without listeners nobody is asked; the next one starts it again, with nothing old") {
  dashboard_stage stage;
  stage.serve_dashboard();
  stage.time.run_for(1min);
  CHECK(stage.weather.asked() == 0);
  {
    listener someone{stage};
    someone.heard(2s);
    someone.leave();
  }
  stage.time.run_for(10s);
  const auto asked = stage.time_service.asked();
  stage.time.run_for(10min);
  CHECK(stage.time_service.asked() == asked);
  CHECK(stage.weather.asked() == 1);
  stage.time_service.body = R"({"timestamp":"later"})";
  listener next{stage};
  next.heard(10ms);
  CHECK(next.count("later") == 2);
  CHECK(next.count("\"now\"") == 0);
  CHECK(stage.weather.asked() == 2);
  next.leave();
}

TEST_CASE("A failing upstream is news as well, and a slow one does not stop the clock") {
  dashboard_stage stage;
  stage.weather.delay = 1h;
  stage.sysinfo.code = http::status::internal_server_error;
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(4500ms);
  CHECK(someone.count("event: time\n") == 5);
  CHECK(someone.count("event: aggregate\n") == 0);
  someone.heard(600ms);
  CHECK(someone.count("event: aggregate\n") == 1);
  CHECK(someone.count(R"("weather_service":{"error":"Service temporarily unavailable"})") == 1);
  CHECK(someone.count(R"("state":"timeout")") == 1);
  stage.time_service.code = http::status::internal_server_error;
  someone.heard(2s);
  CHECK(someone.count("Error: the time service is unavailable") >= 1);
  someone.leave();
}

TEST_CASE("A body of several lines is one event") {
  dashboard_stage stage;
  stage.time_service.body = "{\n  \"timestamp\": \"now\"\r\n}\n";
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(10ms);
  CHECK(someone.count("event: time\ndata: {\"timestamp\":\"now\"}\n\n") == 1);
  someone.leave();
}

received tell(dashboard_stage& stage, std::initializer_list<told_alert> alerts) {
  return stage.answer_to(post("/api/alerts", webhook_of(alerts), "Content-Type: application/json\r\n"));
}

TEST_CASE("Whoever listens hears the alerts at once, within a second when they change, and not otherwise") {
  dashboard_stage stage;
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(0s);
  const std::string nothing =
      "{\"monitoring\":{\"state\":\"unknown\",\"last_heard_seconds\":null},"
      "\"firing\":[],\"resolved\":[],\"not_shown\":0}";
  CHECK(someone.count("event: alerts\ndata: " + nothing + "\n\n") == 1);
  someone.heard(58500ms);
  CHECK(someone.count("event: alerts\n") == 1);

  tell(stage, {{}});
  someone.heard(1100ms);
  CHECK(someone.count("event: alerts\n") == 2);
  CHECK(someone.count("\"name\":\"ServiceDown\"") == 1);

  listener late{stage};
  late.heard(1min);
  CHECK(late.count("event: alerts\n") == 1);
  CHECK(late.count("\"name\":\"ServiceDown\"") == 1);
  someone.heard(0s);
  CHECK(someone.count("event: alerts\n") == 2);
  someone.leave();
  late.leave();
}

TEST_CASE("That nobody watches any more, and that an alert is stale, is news though nothing comes") {
  dashboard_stage stage;
  stage.serve_dashboard();
  tell(stage, {{}, watchdog()});
  listener someone{stage};
  someone.heard(3min - 2s);
  CHECK(someone.count("\"state\":\"silent\"") == 0);
  someone.heard(3s);
  CHECK(someone.count("\"state\":\"silent\"") == 1);
  CHECK(someone.count("\"stale\":true") == 0);
  for (int minute = 0; minute < 12; ++minute) someone.heard(1min);  // who does not read is left
  someone.heard(1s);
  CHECK(someone.count("\"stale\":true") == 1);
  CHECK(someone.count("event: alerts\n") == 3);
  someone.leave();
}

TEST_CASE("The next listener after a pause hears the alerts as they are now, once") {
  dashboard_stage stage;
  stage.serve_dashboard();
  {
    listener someone{stage};
    someone.heard(2s);
    someone.leave();
  }
  stage.time.run_for(10s);
  tell(stage, {{}});
  listener next{stage};
  next.heard(5s);
  CHECK(next.count("event: alerts\n") == 1);
  CHECK(next.count("\"name\":\"ServiceDown\"") == 1);
  next.leave();
}

TEST_CASE("A server that drains says good-bye to all who listen, and ends the stream in good order") {
  dashboard_stage stage;
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(2500ms);
  const auto start = stage.time.now();
  stage.time.run(stage.drain(10s));
  CHECK(stage.time.now() - start < 1s);
  const auto text = someone.heard(10ms);
  CHECK(text.ends_with("event: bye\ndata: {}\n\n"));
  CHECK(someone.finished());
}

TEST_CASE("The key is asked for before anything is said") {
  dashboard_stage stage{"secret"};
  stage.serve_dashboard();
  listener someone{stage};
  someone.heard(1s);
  CHECK(someone.start_line().starts_with("HTTP/1.1 401"));
  CHECK(stage.time_service.asked() == 0);
}

}  // namespace
}  // namespace cohort
