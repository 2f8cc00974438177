// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/model/modeled_service.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/url/parse.hpp>
#include <cctype>
#include <deque>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::sim {
namespace {

struct service_state {
  struct upstream_call {
    http::upstream upstream;
    boost::urls::url url;
    /// If null, responses are not cached.
    std::shared_ptr<call_cache> cache;
  };

  std::shared_ptr<const service_model> model;
  std::shared_ptr<const fault_effects> faults;
  std::function<void(duration)> spend;
  std::deque<upstream_call> calls;

  static duration scaled(duration value, double factor) {
    return duration{static_cast<duration::rep>(static_cast<double>(value.count()) * factor)};
  }
  /// Both functions return whether the call succeeded.
  static task<bool> call(upstream_call& target, call_context context) {
    auto call_task = target.cache ? call_cache::get(target.cache, context) : call_upstream(target, context);
    co_return co_await std::move(call_task);
  }
  static task<bool> call_upstream(upstream_call& target, call_context context) {
    http::client_request request;
    request.url = target.url;
    auto call_task = target.upstream.call(std::move(request), context);
    const auto result = co_await std::move(call_task);
    co_return result.response.has_value() && result.response->status == http::status::ok;
  }
  /// Throws `operation_aborted` if the request is cancelled, for example at its deadline.
  static task<> wait_or_abort(deadline wait_deadline) {
    auto sleep_task = sleep_until(wait_deadline);
    const auto status = co_await std::move(sleep_task);
    if (status == wait_status::cancelled) throw boost::system::system_error{asio::error::operation_aborted};
  }
  static task<http::response> respond(std::shared_ptr<service_state> self, http::request_context& request) {
    auto& random = loop::current().random();
    const auto fault = self->faults ? *self->faults : fault_effects{};
    self->spend(scaled(self->model->cpu.draw(random), fault.slowdown));
    if (fault.hang_ratio > 0 && random.bernoulli(fault.hang_ratio)) {
      auto hang_task = wait_or_abort(deadline::never());
      co_await std::move(hang_task);
    }
    const auto latency = scaled(self->model->latency.draw(random), fault.slowdown) + fault.extra_latency;
    if (latency > duration{0}) {
      auto wait_task = wait_or_abort(deadline::after(loop::current().now(), latency));
      co_await std::move(wait_task);
    }
    if (fault.failure_ratio > 0 && random.bernoulli(fault.failure_ratio)) {
      co_return http::error_response(http::status::internal_server_error, "Simulated failure");
    }
    if (!self->calls.empty()) {
      std::vector<task<bool>> call_tasks;
      for (auto& target : self->calls) call_tasks.push_back(call(target, request));
      auto wait_task = when_all(std::move(call_tasks));
      const auto succeeded = co_await std::move(wait_task);
      if (self->model->needs_all_calls && std::find(succeeded.begin(), succeeded.end(), false) != succeeded.end()) {
        co_return http::error_response(http::status::bad_gateway, "A call failed");
      }
    }
    co_return http::json_response("{}");
  }
};

/// The settings of one call.
struct call_options {
  http::upstream_settings policy;
  boost::urls::url url;
};

std::string variable_for(std::string_view upstream, std::string_view suffix) {
  std::string variable;
  for (const char c : upstream) {
    variable += std::isalnum(static_cast<unsigned char>(c)) != 0
                    ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                    : '_';
  }
  return variable.append(suffix);
}

}  // namespace

std::string policy_variable_for(std::string_view upstream) { return variable_for(upstream, "_POLICY"); }

std::string url_variable_for(std::string_view upstream) { return variable_for(upstream, "_URL"); }

service::definition modeled_service(std::shared_ptr<const service_model> model,
                                    std::shared_ptr<const fault_effects> faults, std::function<void(duration)> spend) {
  auto calls = std::make_shared<std::vector<call_options>>(model->calls.size());
  service::definition definition;
  definition.name = model->name;
  definition.metric_prefix = "modeled";
  definition.port = modeled_service_port;
  definition.describes_api = false;
  definition.add_options = [model, calls](config::options& options) {
    for (std::size_t i = 0; i < model->calls.size(); ++i) {
      const auto& call = model->calls[i];
      auto& [policy, url] = (*calls)[i];
      policy = call.default_policy;
      url = *boost::urls::parse_uri("http://" + call.upstream + ":" + std::to_string(modeled_service_port) + "/");
      options.add(url, {"--" + call.upstream + "-url", url_variable_for(call.upstream), "URL of " + call.upstream},
                  config::http_url(), url.buffer());
      options.add(policy,
                  {"--" + call.upstream + "-policy", call.policy_variable, "Policy for calls to " + call.upstream},
                  http::upstream_policy(call.default_policy), "see core/README.md");
    }
  };
  definition.app = [model, faults, spend, calls](service::service_context& context, service::api_key_authenticator&) {
    auto state = std::make_shared<service_state>();
    state->model = model;
    state->faults = faults;
    state->spend = spend;
    for (std::size_t i = 0; i < model->calls.size(); ++i) {
      const auto& [policy, url] = (*calls)[i];
      auto& added = state->calls.emplace_back(context.make_upstream(model->calls[i].upstream, policy), url);
      if (const auto& cache = model->calls[i].cache) {
        // The state outlives the background tasks, which end before the routes.
        added.cache = std::make_shared<call_cache>(*cache, context.background, [&added](call_context caller) {
          return service_state::call_upstream(added, caller);
        });
      }
    }
    http::router routes;
    const auto handler = [state](http::request_context& request) { return service_state::respond(state, request); };
    routes.get("/", handler);
    routes.get("/{path...}", handler);
    return routes;
  };
  return definition;
}

}  // namespace cohort::sim
