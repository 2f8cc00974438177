// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers_report.hpp"

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/message/uncached.hpp>
#include <cohort/json/schema.hpp>

namespace cohort::weather {

BOOST_DESCRIBE_STRUCT(provider_status, (), (name, requests, failures, cooldown_ms))
constexpr auto constraints(json::type<provider_status>) {
  return json::constrain(
      json::member(&provider_status::requests, {.description = "Reports requested since the start of the process"}),
      json::member(&provider_status::failures, {.description = "Requests that returned no report"}),
      json::member(&provider_status::cooldown_ms,
                   {.min = 0, .description = "Time until the provider is called again after failures"}));
}

namespace {

struct providers_body {
  std::string service;
  std::vector<provider_status> providers;
};
BOOST_DESCRIBE_STRUCT(providers_body, (), (service, providers))
constexpr auto constraints(json::type<providers_body>) {
  return json::constrain(json::member(
      &providers_body::providers, {.description = "In the order in which they are called; empty for sample reports"}));
}

}  // namespace

http::response providers_response(std::vector<provider_status> providers) {
  return http::uncached(http::json_response(providers_body{"weather-service", std::move(providers)}));
}

void describe_providers(http::operation& operation) {
  operation.summary("The providers of reports, and the requests to them")
      .operation_id("get_providers")
      .tags({"weather"})
      .returns<providers_body>(http::status::ok, "The providers");
}

}  // namespace cohort::weather
