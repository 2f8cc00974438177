// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/gateway.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include <cohort/runtime/loop.hpp>
#include "services/gateway/routing/backend.hpp"
#include "services/gateway/routing/observed_body.hpp"
#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

constexpr std::size_t max_logged_path = 1024;

telemetry::counter& unmatched_counter(telemetry::registry& metrics, const char* reason) {
  return metrics.make_counter("gateway_service_unmatched_requests_total",
                              "Requests without a route, by reason: no_route (404) or ambiguous_path (400).",
                              {{"reason", reason}});
}

}  // namespace

gateway::gateway(const service::service_context& context, const service::api_key_authenticator& keys, std::string path)
    : context_(context),
      keys_(keys),
      path_(std::move(path)),
      upstreams_(context_),
      slots_(context_.client.loop_count()),
      no_route_(unmatched_counter(context_.metrics, "no_route")),
      ambiguous_path_(unmatched_counter(context_.metrics, "ambiguous_path")) {
  auto built = route_table::build(path_, {context_, keys_, upstreams_}, nullptr);
  if (!built.table) throw std::invalid_argument{built.error};
  latest_ = std::move(built.table);
  for (auto& slot : slots_) slot.table = copy_for_loop(latest_);
}

/// Returns a pointer with a separate reference count, so that requests on different loops do not write to a shared
/// cache line.
std::shared_ptr<const route_table> gateway::copy_for_loop(const std::shared_ptr<const route_table>& table) {
  const auto loop_copy = std::make_shared<std::shared_ptr<const route_table>>(table);
  return {loop_copy, loop_copy->get()};
}

std::shared_ptr<const route_table> gateway::table() const { return slots_.at(loop::current().index()).table; }

config::reload_result gateway::reload() {
  if (!latest_->has_changed_files()) return {config::reload_outcome::unchanged, {}};
  auto built = route_table::build(path_, {context_, keys_, upstreams_}, latest_.get());
  if (!built.table) return {config::reload_outcome::failed, std::move(built.error)};
  latest_ = std::move(built.table);
  for (auto* event_loop : context_.loops()) {
    asio::post(event_loop->get_executor(), [self = shared_from_this(), table = latest_] {
      self->slots_.at(loop::current().index()).table = copy_for_loop(table);
    });
  }
  return {config::reload_outcome::replaced, {}};
}

const gateway_route* gateway::find_route(const route_table& table, const http::request_context& context,
                                         std::optional<http::response>& rejection) {
  std::string storage;
  const auto path = matching_path(context.head().path, storage);
  if (!path) {
    ambiguous_path_.increment();
    rejection = http::error_response(http::status::bad_request,
                                     "The path is ambiguous: it has dot segments, an encoded slash, a backslash or an "
                                     "encoded control character");
    return nullptr;
  }
  const auto* const route = table.find(context.head(), *path);
  if (!route) {
    no_route_.increment();
    rejection = http::error_response(http::status::not_found, "No route matches the request");
  }
  return route;
}

task<http::response> gateway::handle(std::shared_ptr<gateway> self, http::request_context& context,
                                     http::body_reader& body) {
  auto table = self->table();
  std::optional<http::response> rejection;
  const auto* const route = self->find_route(*table, context, rejection);
  if (!route) co_return std::move(*rejection);
  rejection = route->admit(context);
  const auto* const backend = rejection ? nullptr : &route->choose_backend(context);
  self->log_access(table, *route, backend, context);
  if (rejection) {
    route->change_response(*rejection);
    co_return std::move(*rejection);
  }
  auto forward_task = forward(std::move(table), *route, *backend, context, body);
  co_return co_await std::move(forward_task);
}

/// Keeps `table` alive until the response head has been created; the body of the response does not use it.
task<http::response> gateway::forward(std::shared_ptr<const route_table>, const gateway_route& route,
                                      const route_backend& backend, http::request_context& context,
                                      http::body_reader& body) {
  const auto& entry = route.entry();
  context.set_deadline(std::min(context.deadline(), deadline::after(loop::current().now(), entry.timeout_ms)));
  std::shared_ptr<mirrored_request> copy;
  // Upgrades are not mirrored.
  if (route.mirror() && !context.head().find(http::field::upgrade)) copy = route.mirror()->begin();
  const bool has_body = body.content_length() != 0;
  if (copy && has_body) copy->expect_body();
  if (copy) context.set(mirror_slot{copy});
  observed_body observed_body{body, entry.max_body_bytes, std::move(copy)};
  auto forward_task = backend.forward(context, has_body ? observed_body : body);
  auto response = co_await std::move(forward_task);
  // Releases the copy, because a mirrored request counts as in flight while its copy exists.
  if (auto* const slot = context.get<mirror_slot>()) slot->copy.reset();
  const auto first_digit = static_cast<unsigned>(response.code()) / 100;
  backend.responses.at(std::clamp(first_digit, 1U, 5U) - 1)->increment();
  route.change_response(response);
  co_return response;
}

void gateway::log_access(const std::shared_ptr<const route_table>& table, const gateway_route& route,
                         const route_backend* backend, http::request_context& context) const {
  const auto scope = table->file().access_log;
  if (scope == access_log_scope::off || !context_.log.is_enabled(telemetry::log_level::info)) return;
  context.on_sent([&log = context_.log, scope, table, &route, backend, &context](const http::sent_response& response) {
    if (scope == access_log_scope::errors && static_cast<unsigned>(response.code) < 400 && response.is_complete) return;
    const auto* const caller = context.get<caller_identity>();
    const auto elapsed = to_milliseconds(response.elapsed);
    log.write(telemetry::log_level::info, "access",
              {{"id", context.id()},
               {"method", context.head().method_text},
               {"path", context.head().path.substr(0, max_logged_path)},
               {"route", std::string_view{route.name()}},
               {"upstream", backend ? std::string_view{backend->upstream} : std::string_view{}},
               {"caller", caller ? std::string_view{caller->name} : std::string_view{}},
               {"client", context.client_address()},
               {"status", static_cast<std::int64_t>(response.code)},
               {"bytes", static_cast<std::int64_t>(response.body_bytes)},
               {"duration_ms", elapsed},
               {"complete", response.is_complete}});
  });
}

}  // namespace cohort::gateway
