// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/experiment/experiment_routes.hpp"

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/message/uncached.hpp>
#include <cohort/http/server/input/input_error.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/service/debug/debug_access.hpp>

#include "services/dashboard/requests/request_report.hpp"
#include "services/dashboard/same_origin.hpp"

namespace cohort::dashboard {
namespace {

using http::status;

constexpr std::string_view settings_schema =
    R"({"type":"object","properties":{)"
    R"("latency_ms":{"type":"integer","minimum":0,"maximum":10000,"default":3000},)"
    R"("error_percent":{"type":"integer","minimum":0,"maximum":100,"default":0},)"
    R"("deadline_ms":{"type":"integer","minimum":50,"maximum":10000,"default":2000}}})";

std::string state_schema() {
  const std::string measurement =
      R"({"type":"object","properties":{"name":{"type":"string","enum":["with_deadline","without_deadline"]},)"
      R"("deadline_ms":{"type":"integer","minimum":0,"description":"The timeout of each call"},)"
      R"("parts":{"type":"object","description":"What has arrived","additionalProperties":{"type":"object",)"
      R"("properties":{"state":{"type":"string","enum":["fresh","stale","timeout","error","shed","open"]},)"
      R"("elapsed_ms":{"type":"number","minimum":0}},"required":["state","elapsed_ms"],)"
      R"("additionalProperties":false}},"request":)" +
      request_schema() + R"(},"required":["name","deadline_ms","parts"],"additionalProperties":false})";
  return R"({"type":"object","properties":{"number":{"type":"integer","minimum":0},)"
         R"("state":{"type":"string","enum":["idle","running","done","failed"]},)"
         R"("message":{"type":"string","minLength":1},)"
         R"("settings":{"type":"object","properties":{"latency_ms":{"type":"integer","minimum":0},)"
         R"("error_percent":{"type":"integer","minimum":0},"deadline_ms":{"type":"integer","minimum":0}},)"
         R"("required":["latency_ms","error_percent","deadline_ms"],"additionalProperties":false},)"
         R"("max_wait_ms":{"type":"integer","minimum":0},"age_ms":{"type":"integer","minimum":0},)"
         R"("measurements":{"type":"array","maxItems":2,"items":)" +
         measurement +
         R"(}},"required":["number","state","settings","max_wait_ms","measurements"],"additionalProperties":false})";
}

struct experiment_routes {
  std::shared_ptr<experiment> experiments;
  const service::api_key_authenticator& authenticator;

  http::response state(status code) const {
    return http::uncached(http::json_response(experiments->state_json(), code));
  }

  http::response show(const http::request_context& context) const {
    return may_use_experiments(context, authenticator) ? state(status::ok) : http::not_found_response();
  }

  http::response start(const http::request_context& context) const {
    if (!may_use_experiments(context, authenticator)) return http::not_found_response();
    if (is_cross_origin(context.head())) {
      return http::error_response(status::forbidden, "Experiments cannot be started by pages of another origin");
    }
    const auto settings = json::decode<experiment_settings>(context.body());
    if (!settings) return http::input_error_response(settings.error());
    if (!experiments->start(*settings)) return http::error_response(status::conflict, "An experiment is running");
    return state(status::accepted);
  }
};

void describe(http::operation& state_operation, http::operation& start_operation) {
  const http::body_description body{.media_type = "application/json", .schema = state_schema()};
  state_operation.summary("The state of the current or last experiment")
      .operation_id("get_experiment")
      .tags({"experiment"})
      .returns(status::ok, "The state", body)
      .returns_error(status::not_found, "The client is not authorized for experiments");
  start_operation.summary("Measures the same fault with and without deadlines")
      .description(
          "Injects the fault into the weather service, calls all services in two concurrent requests, one with the "
          "deadline and one with the maximum timeout, and removes the fault. The event stream has an event "
          "`experiment` with the state at its start and after each change.")
      .operation_id("start_experiment")
      .tags({"experiment"})
      .reads({.body_schema = std::string{settings_schema}})
      .returns(status::accepted, "The experiment has started", body)
      .returns_error(status::forbidden, "The request was sent by a page of another origin")
      .returns_error(status::not_found, "The client is not authorized for experiments")
      .returns_error(status::conflict, "An experiment is running");
}

}  // namespace

bool may_use_experiments(const http::request_context& context, const service::api_key_authenticator& authenticator) {
  // If a key is configured, the filter of `/api` has already checked the key or the session.
  return authenticator.is_enabled() || service::is_local_request(context);
}

void add_experiment_routes(http::router& router, std::shared_ptr<experiment> experiments,
                           const service::api_key_authenticator& authenticator) {
  auto routes = std::make_shared<const experiment_routes>(experiment_routes{std::move(experiments), authenticator});
  auto& shown =
      router.get("/api/experiment", [routes](http::request_context& context) { return routes->show(context); })
          .exempt_from_faults();
  auto& started =
      router.post("/api/experiment", [routes](http::request_context& context) { return routes->start(context); })
          .exempt_from_faults();
  describe(shown, started);
}

}  // namespace cohort::dashboard
