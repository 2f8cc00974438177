// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/message.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/messaging/broker_url.hpp>
#include <cohort/messaging/duplicate_window.hpp>
#include <cohort/runtime/random.hpp>

namespace cohort::test {
namespace {

using messaging::message;

TEST_CASE("messages: the error of an invalid message contains the accepted values", "[messaging][message]") {
  const message valid_message{.topic = "weather.reports", .body = "x", .id = "a-1", .headers = {{"name", "value"}}};
  CHECK(find_error(valid_message).empty());
  const auto error_of = [&](auto change) {
    auto changed_message = valid_message;
    change(changed_message);
    return find_error(changed_message);
  };
  CHECK(error_of([](message& m) { m.topic = "a b"; }) ==
        R"(the topic "a b" is invalid: 1 to 100 letters, digits, ".", "-" and "_")");
  CHECK(!error_of([](message& m) { m.topic = {}; }).empty());
  CHECK(!error_of([](message& m) { m.topic.assign(101, 'a'); }).empty());
  CHECK(error_of([](message& m) { m.id = "a\n"; }) == "the ID is invalid: at most 200 visible ASCII characters");
  CHECK(!error_of([](message& m) { m.content_type = "text/plain\r\n"; }).empty());
  CHECK(error_of([](message& m) { m.body.assign(1'048'577, 'x'); }) ==
        "the body has 1048577 bytes, at most 1048576 are accepted");
  CHECK(!error_of([](message& m) { m.headers[0].first = {}; }).empty());
  CHECK(!error_of([](message& m) { m.headers[0].second.assign(16'384, 'x'); }).empty());
}

TEST_CASE("messages: a message has the publisher's trace context in the W3C headers", "[messaging][message][trace]") {
  random_generator random{7};
  message message{.topic = "t", .body = {}};
  set_trace_context(message, {}, random);
  CHECK(message.headers.empty());
  telemetry::trace_context trace{.id = {1, 2}, .is_sampled = true, .state = "vendor=1"};
  set_trace_context(message, trace, random);
  const auto found = find_trace_context(message);
  REQUIRE(found);
  CHECK(found->id == trace.id);
  CHECK(found->is_sampled);
  CHECK(found->state == "vendor=1");
  CHECK(found->span_id != 0);
  message.set_header("traceparent", "00-zz");
  CHECK(!find_trace_context(message));
}

TEST_CASE("messages: the window of IDs detects duplicates within its capacity", "[messaging][duplicates]") {
  messaging::duplicate_window window{2};
  CHECK(window.add("a"));
  CHECK(!window.add("a"));
  CHECK(window.add("b"));
  CHECK(window.add("c"));
  CHECK(!window.contains("a"));
  CHECK(window.contains("b"));
  CHECK(window.size() == 2);
  CHECK(window.add(""));
  CHECK(window.add(""));
  messaging::duplicate_window off{0};
  CHECK(off.add("a"));
  CHECK(off.add("a"));
}

TEST_CASE("messages: a valid broker URL is parsed, and an invalid URL is reported without its credentials",
          "[messaging][url]") {
  const auto description = [](std::string_view url) {
    const auto parsed = messaging::parse_broker_url(url);
    return parsed ? parsed->description() : "error: " + parsed.error().message;
  };
  CHECK(description("amqp://guest:secret@rabbit:5673/%2Ftest") == "amqp://rabbit:5673");
  CHECK(description("amqp://rabbit") == "amqp://rabbit:5672");
  CHECK(description("amqps://rabbit/") == "amqps://rabbit:5671");
  CHECK(description("amqp://[::1]/orders") == "amqp://::1:5672");
  CHECK(description("amqp://rabbit/a/b") == "error: a virtual host with / is written with %2F");
  CHECK(description("amqp://rabbit?x=1") == "error: a query or fragment is not supported");
  CHECK(description("amqp://:secret@") == "error: the host is missing");
  for (const auto* url : {"amqp://user:pass@word@rabbit", "amqp://rabbit:5672x", "amqp://user:50%25@x@rabbit/test"}) {
    CHECK(description(url).starts_with("error: after the host and the port, only a path is accepted"));
  }
  const std::string accepted_urls = "error: accepted: amqp://USER:PASSWORD@HOST:PORT/VIRTUAL-HOST, amqps://";
  CHECK(description("http://user:secret@rabbit") == accepted_urls);
  CHECK(description("amqp://user:se cret@rabbit") == accepted_urls);
  CHECK(description("amqp://rabbit:99999") == "error: the port is invalid; accepted: a number from 1 to 65535");
  CHECK(description("amqp://rabbit:0") == "error: the port is invalid; accepted: a number from 1 to 65535");
  CHECK(description("kafka://broker:9092").starts_with("error: kafka:// requires the optional module"));
}

}  // namespace
}  // namespace cohort::test
