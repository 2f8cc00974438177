// SPDX-License-Identifier: BSL-1.0
#include "examples/deadlines/trip.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

using namespace cohort;
using namespace std::chrono_literals;

namespace trip {
namespace {

/// The body of a response; empty if the call timed out.
using optional_body = std::optional<std::string>;

/// One upstream service.
class provider {
 public:
  provider(const service::service_context& context, std::string name, boost::urls::url base)
      : upstream_(context.make_upstream(std::move(name), {.timeout = 2s})), base_(std::move(base)) {}

  task<optional_body> get(std::string path, call_context call) {
    http::client_request request;
    request.url = base_;
    request.url.set_encoded_path(path);
    auto result = co_await upstream_.call(std::move(request), call);
    if (!result.response || result.response->status != http::status::ok) co_return std::nullopt;
    co_return std::move(result.response->body);
  }

 private:
  http::upstream upstream_;
  boost::urls::url base_;
};

struct providers {
  provider flights;
  provider hotels;
  provider rates;
  provider backup_rates;
};

http::response make_response(const optional_body& body) {
  if (!body) return http::error_response(http::status::gateway_timeout, "The upstream timed out");
  return http::json_response(*body);
}

// GET /api/plan: makes two concurrent calls. The hotels are optional, and their call has a smaller budget.
task<http::response> plan(std::shared_ptr<providers> upstreams, http::request_context& request) {
  const call_context call = request;
  call_context hotels_call = call;
  hotels_call.deadline = std::min(call.deadline, deadline::after(loop::current().now(), 300ms));

  auto flights_task = upstreams->flights.get("/flights", call);
  auto hotels_task = upstreams->hotels.get("/hotels", hotels_call);
  const auto parts = co_await when_all(std::move(flights_task), std::move(hotels_task));
  const auto& [flights, hotels] = parts;

  if (!flights) co_return make_response(flights);
  std::string body;
  json::writer{body}
      .open_object()
      .key("flights")
      .raw(*flights)
      .key("hotels")
      .raw(hotels ? *hotels : "null")
      .close_object();
  co_return http::json_response(std::move(body));
}

// GET /api/rate: returns the first response of two upstreams, and cancels the call to the other upstream.
task<http::response> rate(std::shared_ptr<providers> upstreams, http::request_context& request) {
  auto first_call = upstreams->rates.get("/rate", request);
  auto second_call = upstreams->backup_rates.get("/rate", request);
  const auto winner = co_await race(std::move(first_call), std::move(second_call));
  co_return std::visit(make_response, winner);
}

// Makes two consecutive calls.
task<optional_body> find_offer(std::shared_ptr<providers> upstreams, call_context call) {
  const auto hotels = co_await upstreams->hotels.get("/hotels", call);
  if (!hotels) co_return std::nullopt;
  co_return co_await upstreams->hotels.get("/offer", call);
}

// GET /api/offer: limits several steps by one budget.
task<http::response> offer(std::shared_ptr<providers> upstreams, http::request_context& request) {
  const auto budget = std::min(request.deadline(), deadline::after(loop::current().now(), 500ms));
  auto steps = find_offer(upstreams, request);
  const auto found = co_await with_deadline(budget, std::move(steps));
  co_return make_response(found ? *found : std::nullopt);
}

http::router routes(std::shared_ptr<providers> upstreams) {
  http::router router;
  router.get("/api/plan", [upstreams](http::request_context& request) { return plan(upstreams, request); }).timeout(1s);
  router.get("/api/rate", [upstreams](http::request_context& request) { return rate(upstreams, request); }).timeout(1s);
  router.get("/api/offer", [upstreams](http::request_context& request) { return offer(upstreams, request); })
      .timeout(1s);
  return router;
}

}  // namespace

service::definition trip_service() {
  struct urls {
    boost::urls::url flights{"http://127.0.0.1:8080"};
    boost::urls::url hotels{"http://127.0.0.1:8080"};
    boost::urls::url rates{"http://127.0.0.1:8080"};
    boost::urls::url backup_rates{"http://127.0.0.1:8080"};
  };
  auto settings = std::make_shared<urls>();
  service::definition definition;
  definition.name = "trip-service";
  definition.metric_prefix = "trip_service";
  definition.description = "Plans trips with four upstreams: /api/plan, /api/rate, /api/offer";
  definition.port = 5018;
  definition.add_options = [settings](config::options& options) {
    const auto add = [&](boost::urls::url& url, std::string flag, std::string variable) {
      options.add(url, {std::move(flag), std::move(variable), "URL of an upstream"}, config::http_url(), url.buffer());
    };
    add(settings->flights, "--flights-url", "FLIGHTS_URL");
    add(settings->hotels, "--hotels-url", "HOTELS_URL");
    add(settings->rates, "--rates-url", "RATES_URL");
    add(settings->backup_rates, "--backup-rates-url", "BACKUP_RATES_URL");
  };
  definition.app = [settings](service::service_context& context, service::api_key_authenticator&) {
    return routes(std::make_shared<providers>(
        provider{context, "flights", settings->flights}, provider{context, "hotels", settings->hotels},
        provider{context, "rates", settings->rates}, provider{context, "backup-rates", settings->backup_rates}));
  };
  return definition;
}

}  // namespace trip
