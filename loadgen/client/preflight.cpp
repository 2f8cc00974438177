// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/preflight.hpp"

#include <cohort/http/client/connection/connector.hpp>
#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::loadgen {
namespace {

/// What to check after a response of this status. Empty: the response is acceptable.
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

/// An error message, or nothing.
using check_error = std::optional<std::string>;

task<check_error> check_connection(net::network& network, const target& target, deadline check_deadline) {
  http::connector connector{network};
  const auto stream = co_await connector.connect(*http::origin_of(target.request.url), check_deadline);
  if (stream) co_return std::nullopt;
  co_return make_error_code(stream.error()).message();
}

task<check_error> check_response(http::client& client, const target& target, deadline check_deadline) {
  const auto response = co_await http::fetch(client, target.request, check_deadline);
  if (!response) {
    // A body larger than the client's limit is a response all the same.
    if (response.error() == http::client_error::body_too_large) co_return std::nullopt;
    co_return make_error_code(response.error()).message();
  }
  const auto hint = hint_for(response->status_code());
  if (hint.empty()) co_return std::nullopt;
  co_return "responded " + describe_status(*response) + "; " + std::string{hint};
}

task<std::string> check_target(http::client& client, net::network& network, const target& target,
                               deadline check_deadline) {
  auto check = is_safe(target.request.method) ? check_response(client, target, check_deadline)
                                              : check_connection(network, target, check_deadline);
  const auto error = co_await std::move(check);
  co_return error ? target.name + " (" + std::string{target.request.url.buffer()} + "): " + *error : std::string{};
}

}  // namespace

task<std::vector<std::string>> run_preflight(http::client& client, net::network& network,
                                             const std::vector<target>& targets, duration timeout) {
  const auto check_deadline = deadline::after(loop::current().now(), timeout);
  std::vector<task<std::string>> checks;
  checks.reserve(targets.size());
  for (const auto& target : targets) checks.push_back(check_target(client, network, target, check_deadline));
  auto all_checks = when_all(std::move(checks));
  auto errors = co_await std::move(all_checks);
  std::erase(errors, "");
  co_return errors;
}

}  // namespace cohort::loadgen
