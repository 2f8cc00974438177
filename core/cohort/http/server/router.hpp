// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/pipeline.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/http/server/routing/route.hpp>
#include <cohort/http/server/routing/routing_table.hpp>
#include <cohort/http/server/routing/websocket_route.hpp>

namespace cohort::http {

class router;

/// Adds routes below a prefix, with additional middleware. A group refers to the routes of its router, and is valid for
/// the lifetime of the router, even after the router was moved.
///
/// See `route_pattern` for the syntax of patterns. All functions throw `std::logic_error` for an invalid pattern and a
/// null handler, and for a conflict. A route conflicts if it is registered twice, or if it matches the same paths as
/// another route with different parameter names. The message contains the source locations of both routes. The returned
/// references are valid for the lifetime of the router.
class route_group {
 public:
  /// Adds a handler for `GET` and `HEAD`; the server omits the body in the response to `HEAD`.
  template <class Handler>
  operation& get(const std::string& pattern, Handler callable,
                 std::source_location location = std::source_location::current()) {
    return add(method::get, pattern, std::move(callable), location);
  }
  template <class Handler>
  operation& post(const std::string& pattern, Handler callable,
                  std::source_location location = std::source_location::current()) {
    return add(method::post, pattern, std::move(callable), location);
  }
  template <class Handler>
  operation& put(const std::string& pattern, Handler callable,
                 std::source_location location = std::source_location::current()) {
    return add(method::put, pattern, std::move(callable), location);
  }
  template <class Handler>
  operation& patch(const std::string& pattern, Handler callable,
                   std::source_location location = std::source_location::current()) {
    return add(method::patch, pattern, std::move(callable), location);
  }
  template <class Handler>
  operation& del(const std::string& pattern, Handler callable,
                 std::source_location location = std::source_location::current()) {
    return add(method::delete_, pattern, std::move(callable), location);
  }
  template <class Handler>
  operation& options(const std::string& pattern, Handler callable,
                     std::source_location location = std::source_location::current()) {
    return add(method::options, pattern, std::move(callable), location);
  }
  /// Adds a handler for all methods without a specific handler, except TRACE and CONNECT.
  template <class Handler>
  operation& any(const std::string& pattern, Handler callable,
                 std::source_location location = std::source_location::current()) {
    return add(method::unknown, pattern, std::move(callable), location);
  }
  /// Adds a WebSocket endpoint (RFC 6455): a handler for the `GET` requests of its opening handshake. The middleware
  /// runs before the response 101, so that it can reject the request. The connection is closed when the handler
  /// returns, with 1011 if it throws; see `websocket` and `websocket_options`.
  operation& websocket(const std::string& pattern, websocket_handler callable, websocket_options options = {},
                       std::source_location location = std::source_location::current()) {
    return add(method::get, pattern, handler{make_websocket_route(std::move(callable), std::move(options))}, location);
  }
  /// Adds a handler for the method `verb`, which can be TRACE or CONNECT; `unknown` is the same as `any`.
  template <class Handler>
  operation& add(method verb, const std::string& pattern, Handler callable,
                 std::source_location location = std::source_location::current()) {
    auto& new_operation = table_->add(*state_, verb, pattern, make_handler(std::move(callable)), location);
    if constexpr (requires { Handler::describe(new_operation); }) Handler::describe(new_operation);
    return new_operation;
  }

  /// A group of routes below `prefix`, such as `/api`; empty for a group with the same prefix and more middleware.
  route_group group(const std::string& prefix) { return {*table_, table_->add_group(*state_, prefix)}; }
  /// Adds all routes of another router below `prefix`, with their middleware. Groups of `router` must not be used
  /// afterwards.
  void mount(const std::string& prefix, router router);

  /// Adds a `filter` or a `middleware` to all routes of the group, including those registered before. They run in the
  /// order of the calls, outermost first: the steps of the router, then of its groups, then of the operation. The
  /// filter or middleware also applies to the framework's own responses: 405 and 501 of these routes, and 404 of paths
  /// below the prefix. Middleware does not run for probes, or for requests whose header section is invalid.
  template <class Callable>
  route_group& use(Callable step) {
    state_->own_steps.add(std::move(step));
    table_->resolve_pipelines();
    return *this;
  }

 protected:
  route_group(routing_table& table, group_state& state) noexcept : table_(&table), state_(&state) {}

 private:
  routing_table* table_;
  group_state* state_;
};

/// The routes and the middleware of a service. In each path segment, from left to right, a literal text has precedence
/// over a parameter (`/things/{id}`), and a parameter over the rest of a path (`/assets/{path...}`). The router must be
/// complete before the server starts; then it is read-only, and any thread may read it.
class router : public route_group {
 public:
  router() : router(std::make_unique<routing_table>()) {}

  /// The route that matches the request's path, or null. Also sets `context`'s route, operation, pipeline and path
  /// parameters.
  const route* match(request_context& context) const;
  const std::vector<std::unique_ptr<route>>& routes() const noexcept { return table_->routes(); }

 private:
  friend class route_group;
  explicit router(std::unique_ptr<routing_table> table)
      : route_group(*table, table->root()), table_(std::move(table)) {}

  std::unique_ptr<routing_table> table_;
};

/// 404: no route matches the path.
response not_found_response();
/// 501: the method is unknown (RFC 9110 section 9.1).
response not_implemented_response();
/// 405 with `Allow`: the route has no handler for the method.
response method_not_allowed_response(const route& matched_route);
/// 204 with `Allow`: the response to `OPTIONS *` (RFC 9110 section 9.3.7), the methods of all routes.
response server_options_response(const router& routes);

}  // namespace cohort::http
