// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/request_context.hpp>

namespace cohort::http {

/// A handler that responds without waiting.
using sync_handler = std::function<response(request_context&)>;
/// A handler that waits: a coroutine. It is cancelled at the request's deadline and when the client disconnects.
using async_handler = std::function<task<response>(request_context&)>;
using handler = std::variant<sync_handler, async_handler>;

/// A callable that `router` accepts as a handler.
template <class Callable>
concept handler_callable =
    std::copy_constructible<Callable> &&
    (std::same_as<Callable, handler> || std::same_as<std::invoke_result_t<Callable&, request_context&>, response> ||
     std::same_as<std::invoke_result_t<Callable&, request_context&>, task<response>>);

/// Runs before the handler, and before the body is read; a response ends the request. `endpoint` is the pattern of the
/// matched route, or `unmatched`.
using filter = std::function<std::optional<response>(const request_context&, std::string_view endpoint)>;

/// A path pattern with the handlers of its methods, and its properties.
struct route {
  /// As registered, such as `/api/things/{id}`: the `endpoint` in metrics and logs.
  std::string pattern;
  std::vector<std::pair<method, handler>> handlers;

  /// A health or metrics route: it has no metrics, no admission control and no filters.
  bool is_probe = false;
  /// Fault injection leaves this route alone.
  bool exempt_from_faults = false;
  /// The methods whose requests the rate limit neither counts nor rejects.
  std::vector<method> rate_limit_exempt_methods;
  /// A shorter timeout than the server's `request_timeout`.
  std::optional<duration> timeout;
  /// The handler returns a partial result if the time is short. Such a request is not rejected for its deadline.
  bool adapts_to_deadline = false;
  /// The position in `router::routes`.
  std::size_t index = 0;

  /// The handler for a method, `GET`'s for `HEAD`; null if there is none.
  const handler* find_handler(method verb) const noexcept;
  /// Whether one of the handlers is asynchronous.
  bool is_async() const noexcept;
  /// Whether the rate limit applies to this method.
  bool is_rate_limited(method verb) const noexcept;
  /// The value of `Allow`: the methods that have a handler.
  std::string allowed_methods() const;
};

/// The routes and filters of a service. A literal path has precedence over a pattern with parameters
/// (`/things/{id}`), and that over a prefix (`/assets/*`). Complete before the server starts; then read-only, and
/// readable from any thread.
class router {
 public:
  /// Adds a handler for `GET` and `HEAD`; the server omits the body in the response to `HEAD`. The reference stays
  /// valid as long as the router.
  template <class Handler>
  route& get(std::string pattern, Handler callable) {
    return add(method::get, std::move(pattern), std::move(callable));
  }
  /// Adds a handler for `POST`.
  template <class Handler>
  route& post(std::string pattern, Handler callable) {
    return add(method::post, std::move(pattern), std::move(callable));
  }
  /// Adds a handler for any method.
  template <class Handler>
  route& add(method verb, std::string pattern, Handler callable) {
    static_assert(handler_callable<Handler>,
                  "a handler must be copyable and callable as response(request_context&) or as "
                  "task<response>(request_context&)");
    if constexpr (handler_callable<Handler>) return add_handler(verb, std::move(pattern), wrap(std::move(callable)));
  }
  /// Adds a filter. Filters run in the order of their registration, for every request except probes.
  void add_filter(filter check) { filters_.push_back(std::move(check)); }

  /// The route that matches the request's path, or null. Also sets `context`'s route and path parameters.
  const route* match(request_context& context) const;
  const std::vector<filter>& filters() const noexcept { return filters_; }
  const std::vector<std::unique_ptr<route>>& routes() const noexcept { return routes_; }

 private:
  template <class Handler>
  static handler wrap(Handler callable) {
    if constexpr (std::is_same_v<Handler, handler>) {
      return callable;
    } else if constexpr (std::is_same_v<std::invoke_result_t<Handler&, request_context&>, response>) {
      return sync_handler{std::move(callable)};
    } else {
      return async_handler{std::move(callable)};
    }
  }
  route& add_handler(method verb, std::string pattern, handler function);
  const route* find_route(request_context& context) const;

  std::vector<std::unique_ptr<route>> routes_;
  std::map<std::string, route*, std::less<>> literal_routes_;
  std::vector<route*> parameter_routes_;
  std::vector<route*> prefix_routes_;
  std::vector<filter> filters_;
};

/// 404: no route matches the path.
response not_found_response();
/// 501: the method is not known (RFC 9110 section 9.1).
response not_implemented_response();
/// 405 with `Allow`: the route has no handler for the method.
response method_not_allowed_response(const route& matched_route);
/// 204 with `Allow`: the response to `OPTIONS *` (RFC 9110 section 9.3.7), the methods of all routes.
response server_options_response(const router& routes);

}  // namespace cohort::http
