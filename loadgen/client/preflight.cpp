// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/preflight.hpp"

#include <cohort/http/client/connection/connector.hpp>
#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::loadgen {
namespace {

/// Advice for a response with this status; empty if the response is acceptable.
std::string_view hint_for(unsigned status_code) {
  switch (status_code) {
    case 401:
    case 403: return "check the API key (API_KEY)";
    case 404: return "check the path";
    case 405:
    case 501: return "check the method";
    default: return {};
  }
}

std::string describe_status(const http::client_response& response) {
  return std::to_string(response.status_code()) + " " +
         std::string{boost::beast::http::obsolete_reason(response.status)};
}

bool is_safe(http::method method) {
  return method == http::method::get || method == http::method::head || method == http::method::options;
}

/// An error message; empty on success.
using check_error = std::optional<std::string>;

/// The state that the checks of all targets share.
struct preflight_context {
  net::network& network;
  const load_settings& settings;
  http::client& client;
  deadline check_deadline;
};

task<check_error> check_connection(const preflight_context& context, const target& target) {
  http::connector connector{context.network, {}, context.settings.tls};
  const auto stream = co_await connector.connect(*http::origin_of(target.request.url), context.check_deadline);
  if (stream) co_return std::nullopt;
  co_return make_error_code(stream.error()).message();
}

task<check_error> check_response(const preflight_context& context, const target& target) {
  const auto response = co_await http::fetch(context.client, target.request, context.check_deadline);
  if (!response) {
    // The target has responded, although the response body exceeds the client's limit.
    if (response.error() == http::client_error::body_too_large) co_return std::nullopt;
    co_return make_error_code(response.error()).message();
  }
  const auto hint = hint_for(response->status_code());
  if (hint.empty()) co_return std::nullopt;
  co_return "responded " + describe_status(*response) + "; " + std::string{hint};
}

task<std::string> check_target(const preflight_context& context, const target& target) {
  auto check = is_safe(target.request.method) ? check_response(context, target) : check_connection(context, target);
  const auto error = co_await std::move(check);
  co_return error ? target.name + " (" + std::string{target.request.url.buffer()} + "): " + *error : std::string{};
}

/// Closes idle connections before the client is destroyed, even if the preflight is cancelled, because they must be
/// closed on the client's loop.
struct idle_connections_guard {
  http::client& client;
  ~idle_connections_guard() { client.close_idle(); }
};

}  // namespace

task<std::vector<std::string>> run_preflight(net::network& network, const load_settings& settings) {
  auto& event_loop = loop::current();
  http::client client{network, event_loop.index() + 1, {.tls = settings.tls}};
  const idle_connections_guard guard{client};
  const preflight_context context{network, settings, client, deadline::after(event_loop.now(), settings.timeout)};
  std::vector<task<std::string>> checks;
  checks.reserve(settings.targets.size());
  for (const auto& target : settings.targets) checks.push_back(check_target(context, target));
  auto all_checks = when_all(std::move(checks));
  auto errors = co_await std::move(all_checks);
  std::erase(errors, "");
  co_return errors;
}

}  // namespace cohort::loadgen
