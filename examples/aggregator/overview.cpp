// SPDX-License-Identifier: BSL-1.0
#include "examples/aggregator/overview.hpp"

#include <cohort/http/message/json_response.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

using namespace cohort;

namespace aggregator {

/// Returns the JSON of one upstream, or an empty value if the upstream did not respond with JSON in time.
static task<std::string> fetch(upstream_part* part, std::string id, call_context context) {
  http::client_request request;
  request.url = part->base;
  request.url.segments().push_back(id);
  auto call_task = part->caller.call(std::move(request), context, part->timeout);
  const auto response = (co_await std::move(call_task)).response;
  const bool is_ok = response && response->status == http::status::ok;
  co_return is_ok ? json::minify(response->body) : std::string{};
}

/// Awaits all upstreams concurrently, each with its own deadline. The product is required; price and reviews are
/// optional.
task<http::response> show_overview(std::shared_ptr<parts> upstreams, http::request_context& context) {
  std::vector<task<std::string>> calls;
  const std::string id{context.parameter("id")};
  for (auto& part : *upstreams) calls.push_back(fetch(&part, id, context));
  auto wait_task = when_all(std::move(calls));
  const auto bodies = co_await std::move(wait_task);
  if (bodies[0].empty()) co_return http::error_response(http::status::bad_gateway, "The product is unavailable");

  std::string body;
  json::writer writer{body};
  writer.open_object();
  bool is_degraded = false;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    writer.key((*upstreams)[i].caller.name());
    bodies[i].empty() ? writer.null() : writer.raw(bodies[i]);
    is_degraded = is_degraded || bodies[i].empty();
  }
  writer.field("degraded", is_degraded).close_object();
  co_return http::json_response(std::move(body));
}

}  // namespace aggregator
