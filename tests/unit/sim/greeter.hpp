// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort::sim {

/// `/greeting` responds with "hello", repeated `GREETING_REPEAT` times, after `--pause-ms`; `/via` calls the upstream.
inline service::definition greeter() {
  struct settings {
    std::int64_t repeat = 1;
    std::int64_t pause_ms = 0;
    std::optional<boost::urls::url> upstream;
  };
  struct handlers {
    static task<http::response> greet(std::shared_ptr<settings> values) {
      const auto pause = std::chrono::milliseconds{values->pause_ms};
      if (pause > duration::zero()) co_await sleep_for(pause);
      std::string text;
      for (std::int64_t i = 0; i < values->repeat; ++i) text += "hello";
      co_return http::response{}.body(std::move(text), "text/plain");
    }
    static task<http::response> call_upstream(http::client& client, std::shared_ptr<settings> values,
                                              deadline call_deadline) {
      http::client_request request;
      request.url = *values->upstream;
      const auto response = co_await http::fetch(client, std::move(request), call_deadline);
      if (!response) co_return http::error_response(http::status::bad_gateway, http::error_class(response.error()));
      co_return http::response{}.body(response->body + " there", "text/plain");
    }
  };
  auto values = std::make_shared<settings>();
  service::definition definition;
  definition.name = "greeter";
  definition.metric_prefix = "greeter";
  definition.port = 5050;
  definition.add_options = [values](config::options& options) {
    options.add(values->repeat, {"--repeat", "GREETING_REPEAT", "Number of repetitions"}, config::integer(1, 10), "1");
    options.add(values->pause_ms, {"--pause-ms", "", "Delay in milliseconds"}, config::integer(0, 60'000), "0");
    options.add(values->upstream, {"--upstream", "UPSTREAM_URL", "URL of the upstream"}, config::http_url(), "none");
  };
  definition.app = [values](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/greeting", [values](http::request_context&) { return handlers::greet(values); });
    routes.get("/via", [values, &client = context.client](http::request_context& request) {
      return handlers::call_upstream(client, values, request.deadline());
    });
    return routes;
  };
  return definition;
}

}  // namespace cohort::sim
