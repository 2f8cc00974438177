// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/api_schema.hpp"

#include <string>

#include <cohort/json/schema.hpp>
#include "services/dashboard/requests/request_report.hpp"
#include "services/dashboard/service_client.hpp"

namespace cohort::dashboard {
namespace {

using http::status;

/// The bodies of the services are forwarded unchanged, so their members are not described.
std::string aggregate_schema() {
  constexpr std::string_view meta_schema =
      R"({"type":"object","properties":{)"
      R"("state":{"type":"string","enum":["fresh","stale","timeout","error","shed","open"]},)"
      R"("elapsed_ms":{"type":"number","minimum":0},"deadline_ms":{"type":"integer","minimum":0}},)"
      R"("required":["state","elapsed_ms","deadline_ms"],"additionalProperties":false})";
  constexpr std::string_view body = R"({"type":"object","description":"With `error` if the call failed"})";
  const auto write_services = [&](json::writer& out, std::string_view schema) {
    for (const auto name : part_names) out.key(name).raw(schema);
  };
  std::string text;
  json::writer out{text};
  out.open_object().field("type", "object").key("properties").open_object();
  out.key("dashboard").open_object().field("type", "string").close_object();
  write_services(out, body);
  out.key("meta").open_object().field("type", "object").key("properties").open_object();
  write_services(out, meta_schema);
  out.close_object().key("required").open_array();
  for (const auto name : part_names) out.value(name);
  out.close_array().field("additionalProperties", false).close_object().close_object();
  out.key("required").open_array().value("dashboard");
  for (const auto name : part_names) out.value(name);
  out.value("meta").close_array().field("additionalProperties", false).close_object();
  return text;
}

struct time_error {
  std::string service, timestamp;
};
BOOST_DESCRIBE_STRUCT(time_error, (), (service, timestamp))

enum class monitoring_state { unknown, ok, silent };
BOOST_DESCRIBE_ENUM(monitoring_state, unknown, ok, silent)

struct monitoring_report {
  monitoring_state state;
  std::optional<std::int64_t> last_heard_seconds;
};
BOOST_DESCRIBE_STRUCT(monitoring_report, (), (state, last_heard_seconds))

/// The optional members are null if the alert rule does not set them.
struct alert_report {
  std::string name;
  std::optional<std::string> severity, service, summary, description, runbook_url;
  json::timestamp starts_at, ends_at;
  std::int64_t for_seconds;
  bool stale;
  std::map<std::string, std::string> labels;
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(alert_report, (),
                      (name, severity, service, summary, description, runbook_url, starts_at, ends_at, for_seconds,
                       stale, labels, fingerprint))
constexpr auto constraints(json::type<alert_report>) {
  return json::constrain(
      json::member(&alert_report::ends_at, {.required = false, .description = "End time of a resolved alert"}),
      json::member(&alert_report::for_seconds, {.min = 0}));
}

struct alert_list {
  monitoring_report monitoring;
  std::vector<alert_report> firing, resolved;
  std::uint64_t not_shown;
};
BOOST_DESCRIBE_STRUCT(alert_list, (), (monitoring, firing, resolved, not_shown))

/// Other members of Alertmanager are ignored.
constexpr std::string_view webhook_schema =
    R"({"type":"object","description":"Alertmanager's webhook, version 4",)"
    R"("properties":{"version":{"type":"string","const":"4"},"groupKey":{"type":"string"},"receiver":{"type":"string"},)"
    R"("status":{"type":"string","enum":["firing","resolved"]},"truncatedAlerts":{"type":"integer","minimum":0},)"
    R"("alerts":{"type":"array","items":{"type":"object","properties":{)"
    R"("status":{"type":"string","enum":["firing","resolved"]},)"
    R"("fingerprint":{"type":"string","minLength":1,"maxLength":64},)"
    R"("startsAt":{"type":"string","format":"date-time"},)"
    R"("endsAt":{"type":"string","description":"RFC 3339; ignored while the alert is firing"},)"
    R"("labels":{"type":"object","properties":{"alertname":{"type":"string","minLength":1}},"required":["alertname"],)"
    R"("additionalProperties":{"type":"string"}},)"
    R"("annotations":{"type":"object","properties":{"summary":{"type":"string"},"description":{"type":"string"},)"
    R"("runbook_url":{"type":"string"}}}},)"
    R"("required":["status","fingerprint","startsAt","endsAt","labels","annotations"]}}},)"
    R"("required":["version","groupKey","receiver","status","alerts"]})";

std::vector<http::header_description> session_cookie() { return {{"Set-Cookie", "The session"}}; }

}  // namespace

void describe_aggregate(http::operation& operation) {
  operation.summary("The responses of all services")
      .operation_id("get_aggregate")
      .tags({"dashboard"})
      .returns(status::ok, "The bodies of the services, and the state of each call",
               {.media_type = "application/json", .schema = aggregate_schema()});
}

void describe_time_proxy(http::operation& operation) {
  operation.summary("The response of the time service")
      .operation_id("get_time_proxy")
      .tags({"dashboard"})
      .returns(status::ok, "The body of the time service, unchanged",
               {.media_type = "application/json", .schema = R"({"type":"object"})"})
      .returns<time_error>(status::bad_gateway, "The time service is unavailable")
      .returns<time_error>(status::gateway_timeout, "The time service timed out");
}

void describe_events(http::operation& operation) {
  operation.summary("A stream of aggregates, records of their calls, and alerts")
      .description(
          "Server-sent events, until the client disconnects or the session ends. `time`, every second: the body of "
          "the time service. `poll`, every 1.5 s: the number of a new aggregate, and the timeouts of its "
          "calls. `part`: one part of an aggregate, when it arrives. `aggregate`: the body of `/api/aggregate`. `request`: an "
          "element of `requests` in `/api/requests`. `map`, every 2 s: totals of the calls to each service and, of "
          "the weather service, to each provider, with the states of circuit breakers. `history`, after each aggregate: the body of `/api/history` with the "
          "columns of the last 15 to 30 s. `alerts`, after each change: "
          "the body of `/api/alerts`. `bye`: the end of the stream.")
      .operation_id("get_events")
      .tags({"dashboard"})
      .returns(status::ok, "The events", {.media_type = "text/event-stream"});
}

void describe_requests(http::operation& operation) {
  const auto schema = R"({"type":"object","properties":{"requests":{"type":"array","maxItems":60,"items":)" +
                      request_schema() + R"(}},"required":["requests"],"additionalProperties":false})";
  operation.summary("The latest aggregates of the event stream, with their calls and attempts")
      .description("Oldest first, at most 60. Empty before the first stream.")
      .operation_id("get_requests")
      .tags({"dashboard"})
      .returns(status::ok, "The requests", {.media_type = "application/json", .schema = schema});
}

void describe_history(http::operation& operation) {
  constexpr std::string_view mean =
      R"({"type":"object","properties":{"count":{"type":"integer","minimum":1},"mean":{"type":"number"}},)"
      R"("required":["count","mean"],"additionalProperties":false})";
  std::string column =
      R"({"type":"array","maxItems":60,"items":{"type":"object","properties":{)"
      R"("at_ms":{"type":"integer","description":"Start of the column, since the epoch"},)"
      R"("calls":{"type":"integer","minimum":1},)"
      R"("failed":{"type":"integer","minimum":0,"description":"Calls without a fresh or stale response"},)"
      R"("open":{"type":"integer","minimum":0,"description":"Calls that an open circuit breaker rejected"},)"
      R"("latencies":{"type":"array","maxItems":72,"items":{"type":"array","items":{"type":"number"},"minItems":2,)"
      R"("maxItems":2},"description":"Pairs of a latency in milliseconds, within 10 %, and the number of calls"},)"
      R"("cpu":)";
  column.append(mean).append(R"(,"memory":)").append(mean).append(R"(,"cached":)").append(mean);
  column += R"(},"required":["at_ms","calls","failed","open","latencies"],"additionalProperties":false}})";
  std::string schema;
  json::writer out{schema};
  out.open_object().field("type", "object").key("properties").open_object();
  out.key("now_ms").raw(
      R"({"type":"integer","description":"Current time of the columns, which a change of the wall clock does not affect"})");
  out.key("services").open_object().field("type", "object").key("properties").open_object();
  for (const auto name : part_names) out.key(name).raw(column);
  out.close_object().key("required").open_array();
  for (const auto name : part_names) out.value(name);
  out.close_array().field("additionalProperties", false).close_object().close_object();
  out.key("required").open_array().value("now_ms").value("services").close_array();
  out.field("additionalProperties", false).close_object();
  operation.summary("The calls to the services in the last 15 minutes, in columns of 15 s")
      .description(
          "All calls of this process to the services: for the page, `/api/aggregate` and `/api/time-proxy`. Oldest "
          "first; a period without calls has no column. `cpu`: the load average divided by the number of CPUs. `memory`: "
          "the share of used memory. `cached`: the share of the weather reports from the cache.")
      .operation_id("get_history")
      .tags({"dashboard"})
      .returns(status::ok, "The history", {.media_type = "application/json", .schema = schema});
}

void describe_alerts(http::operation& operation) {
  operation.summary("The firing and the recently resolved alerts")
      .operation_id("get_alerts")
      .tags({"alerts"})
      .returns<alert_list>(status::ok, "The alerts");
}

void describe_alert_update(http::operation& operation, http::response_description description) {
  operation.summary("The webhook of Alertmanager")
      .description("Requires an API key: a session is not accepted.")
      .operation_id("update_alerts")
      .tags({"alerts"})
      .reads({.body_schema = std::string{webhook_schema}})
      .returns(std::move(description))
      .returns_error(status::forbidden, "The request was sent by a web page");
}

void describe_sign_in(http::operation& operation) {
  operation.summary("Starts a session in exchange for the API key")
      .operation_id("sign_in")
      .tags({"session"})
      .returns(status::no_content, "The session has started; there is no cookie if no API key is configured", {},
               session_cookie())
      .returns_error(status::unauthorized, "The API key is missing or invalid")
      .returns_error(status::too_many_requests, "Too many invalid API keys");
}

void describe_renewal(http::operation& operation) {
  operation.summary("Renews the cookie of a session")
      .operation_id("renew_session")
      .tags({"session"})
      .returns(status::no_content, "The session continues", {}, session_cookie())
      .returns(status::ok, "No API key is configured",
               {.media_type = "application/json",
                .schema = R"({"type":"object","properties":{"session":{"type":"string","enum":["not required"]}},)"
                          R"("required":["session"],"additionalProperties":false})"})
      .returns_error(status::unauthorized, "There is no valid session")
      .returns_error(status::forbidden, "The request was sent by a page of another origin");
}

void describe_sign_out(http::operation& operation) {
  operation.summary("Ends the session")
      .operation_id("sign_out")
      .tags({"session"})
      .returns(status::no_content, "The session has ended", {}, session_cookie())
      .returns_error(status::forbidden, "The request was sent by a page of another origin");
}

}  // namespace cohort::dashboard
