// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/body/gzip.hpp>
#include <cohort/service/otlp/telemetry_export.hpp>
#include "tests/unit/service/service_fixture.hpp"

// Fixture of an OTLP/HTTP collector on a virtual clock and an in-memory network.
namespace cohort::test {

struct fake_collector {
  struct step {
    int status = 200;
    std::string retry_after{};
    duration delay{};
    std::string body = "{}";
  };
  /// One step for each request; later requests use `default_step`.
  std::deque<step> steps;
  step default_step;

  /// The decoded bodies of the requests, the times of their arrival, and the header fields of the last request.
  std::vector<std::string> bodies;
  std::vector<time_point> times;
  std::vector<std::pair<std::string, std::string>> fields;

  std::optional<std::string> field(std::string_view name) const { return find_header(fields, name); }
};

inline task<http::response> respond_as_collector(fake_collector::step step) {
  if (step.delay > 0s) co_await sleep_for(step.delay);
  http::response response{static_cast<http::status>(step.status)};
  response.body(step.body, "application/json");
  if (!step.retry_after.empty()) response.set("Retry-After", step.retry_after);
  co_return response;
}

inline http::router collector_routes(fake_collector& collector) {
  http::router routes;
  const auto handler = [&collector](request_context& context) {
    collector.fields.clear();
    for (const auto& field : context.head().fields) collector.fields.emplace_back(field.name, field.value);
    std::string body{context.body()};
    bool is_too_large = false;
    if (collector.field("content-encoding") == "gzip") body = http::gunzip(body, 1 << 24, is_too_large).value_or("");
    collector.bodies.push_back(std::move(body));
    collector.times.push_back(loop::current().now());
    auto step = collector.default_step;
    if (!collector.steps.empty()) {
      step = collector.steps.front();
      collector.steps.pop_front();
    }
    return respond_as_collector(std::move(step));
  };
  routes.post("/v1/traces", handler);
  routes.post("/v1/logs", handler);
  return routes;
}

/// Returns the number of times that `part` occurs in the bodies.
inline std::size_t count_in(const std::vector<std::string>& bodies, std::string_view part) {
  std::size_t count = 0;
  for (const auto& body : bodies) {
    for (auto found = body.find(part); found != std::string::npos; found = body.find(part, found + 1)) ++count;
  }
  return count;
}

}  // namespace cohort::test
