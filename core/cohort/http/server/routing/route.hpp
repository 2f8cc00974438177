// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/http/server/pipeline.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/http/server/routing/operation_description.hpp>
#include <cohort/http/server/routing/route_pattern.hpp>

namespace cohort::http {

/// A handler that responds without waiting.
using sync_handler = std::function<response(request_context&)>;
/// A handler that waits: a coroutine. Such a handler is cancelled at the request's deadline and when the client
/// disconnects.
using async_handler = std::function<task<response>(request_context&)>;
/// An `async_handler` that reads the body of the request itself, as a stream. `request_context::body` is empty. Such a
/// handler is exempt from admission control, because its duration depends on the client.
using streaming_handler = std::function<task<response>(request_context&, body_reader&)>;
using handler = std::variant<sync_handler, async_handler, streaming_handler>;

/// A callable that `router` accepts as a handler that streams the body of the request.
template <class Callable>
concept streaming_callable =
    std::same_as<std::invoke_result_t<Callable&, request_context&, body_reader&>, task<response>>;

/// A callable that `router` accepts as a handler.
template <class Callable>
concept handler_callable = std::copy_constructible<Callable> &&
                           (std::same_as<Callable, handler> || streaming_callable<Callable> ||
                            std::same_as<std::invoke_result_t<Callable&, request_context&>, response> ||
                            std::same_as<std::invoke_result_t<Callable&, request_context&>, task<response>>);

/// Stores a callable as a handler.
template <class Callable>
handler make_handler(Callable callable) {
  static_assert(handler_callable<Callable>,
                "a handler must be copyable and callable as response(request_context&), as "
                "task<response>(request_context&) or as task<response>(request_context&, body_reader&)");
  if constexpr (!handler_callable<Callable>) {
    return {};
  } else if constexpr (std::is_same_v<Callable, handler>) {
    return callable;
  } else if constexpr (streaming_callable<Callable>) {
    return streaming_handler{std::move(callable)};
  } else if constexpr (std::is_same_v<std::invoke_result_t<Callable&, request_context&>, response>) {
    return sync_handler{std::move(callable)};
  } else {
    return async_handler{std::move(callable)};
  }
}

/// The properties of an operation, set by the functions of `operation` with the same names.
struct operation_settings {
  std::optional<duration> timeout;
  std::optional<std::uint64_t> body_limit;
  std::optional<std::size_t> min_body_rate;
  bool adapts_to_deadline = false;
  bool is_probe = false;
  bool is_exempt_from_faults = false;
  bool is_exempt_from_rate_limit = false;
  std::string summary;
  std::string description;
  std::vector<std::string> tags;
  std::string operation_id;
  bool is_deprecated = false;
  bool is_hidden = false;
  /// Describes the request; null if the request has no description.
  std::function<request_description(json::schema_definitions&)> request;
  std::vector<response_description> responses;
};

struct group_state;

/// A handler for one method or any method of a path pattern, with its properties. The functions return `*this`.
class operation {
 public:
  /// `verb` is `unknown` for any method.
  operation(method verb, handler function, const group_state& group, std::source_location location)
      : verb_(verb), handler_(std::move(function)), group_(&group), location_(location) {}
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  /// Replaces the server's `request_timeout` with a shorter or longer timeout, which includes the body of the request.
  /// The deadline of the client still applies. Without this setting, an operation that streams the body has at most
  /// `request_timeout` from the end of the body; see `body_reader`. Throws `std::invalid_argument` unless `limit` is
  /// positive.
  operation& timeout(duration limit) {
    if (limit <= duration::zero()) throw std::invalid_argument{"the timeout of an operation must be positive"};
    settings_.timeout = limit;
    return *this;
  }
  /// Replaces the server's `max_body_bytes`, the maximum size of the request's body in bytes. `unlimited_body` is for
  /// streaming handlers only: other bodies are kept in memory.
  operation& body_limit(std::uint64_t bytes) {
    settings_.body_limit = bytes;
    return *this;
  }
  /// The minimum rate of a streaming handler, which replaces the server's `min_bytes_per_second`; 0 for no minimum
  /// rate.
  operation& min_body_rate(std::size_t bytes_per_second) {
    settings_.min_body_rate = bytes_per_second;
    return *this;
  }
  /// Declares that the handler returns a partial result if the remaining time is short. Deadline admission then never
  /// rejects the request.
  operation& adapts_to_deadline() {
    settings_.adapts_to_deadline = true;
    return *this;
  }
  /// Declares a health or metrics route: it has no metrics, no admission control and no middleware.
  operation& probe();
  /// Exempts the operation from fault injection.
  operation& exempt_from_faults() {
    settings_.is_exempt_from_faults = true;
    return *this;
  }
  /// Exempts requests of authenticated clients from the rate limit: they are neither counted nor rejected.
  operation& exempt_from_rate_limit() {
    settings_.is_exempt_from_rate_limit = true;
    return *this;
  }
  /// Describes the operation in the API document: a summary, a description (CommonMark), and the tags by which
  /// operations are grouped.
  operation& summary(std::string text) {
    settings_.summary = std::move(text);
    return *this;
  }
  operation& description(std::string text) {
    settings_.description = std::move(text);
    return *this;
  }
  operation& tags(std::vector<std::string> names) {
    settings_.tags = std::move(names);
    return *this;
  }
  /// The unique name of the operation in generated clients, such as `list_books`. Default: derived from the method and
  /// the path.
  operation& operation_id(std::string text) {
    settings_.operation_id = std::move(text);
    return *this;
  }
  operation& deprecated() {
    settings_.is_deprecated = true;
    return *this;
  }
  /// Omits the operation from the description of the API.
  operation& hidden() {
    settings_.is_hidden = true;
    return *this;
  }
  /// Describes the inputs of the handler by a request struct. The call is not necessary for `http::typed` handlers.
  template <class Request>
  operation& reads() {
    settings_.request = [](json::schema_definitions& definitions) { return describe_request<Request>(definitions); };
    return *this;
  }
  /// Describes the inputs of the handler by parameters and the schema of the body.
  operation& reads(request_description request) {
    settings_.request = [request = std::move(request)](json::schema_definitions&) { return request; };
    return *this;
  }
  /// Describes a response with a described type as its JSON body. The responses of the framework (such as 400 and 503)
  /// are always described.
  template <class Body>
  operation& returns(status code, std::string description, std::vector<header_description> headers = {}) {
    settings_.responses.push_back(describe_response<Body>(code, std::move(description), std::move(headers)));
    return *this;
  }
  /// Describes a response without a body, or with a body of any media type.
  operation& returns(status code, std::string description, body_description body = {},
                     std::vector<header_description> headers = {}) {
    settings_.responses.push_back(describe_response(code, std::move(description), std::move(body), std::move(headers)));
    return *this;
  }
  operation& returns(response_description description) {
    settings_.responses.push_back(std::move(description));
    return *this;
  }
  /// Describes an `error_response`.
  operation& returns_error(status code, std::string description) {
    return returns<error_body>(code, std::move(description));
  }
  /// Adds a filter or middleware for this operation, which runs inside the middleware of the router and its groups.
  template <class Callable>
  operation& use(Callable step) {
    own_steps_.add(std::move(step));
    resolve_pipeline();
    return *this;
  }

  const operation_settings& settings() const noexcept { return settings_; }
  /// `unknown` for any method.
  method verb() const noexcept { return verb_; }
  /// The name of the method; `ANY` for any.
  std::string_view method_name() const noexcept;
  const handler& function() const noexcept { return handler_; }
  /// Replaces the handler; used by extensions that wrap handlers. Must not be called after the server has started.
  void replace_handler(handler function) { handler_ = std::move(function); }
  bool is_async() const noexcept { return std::holds_alternative<async_handler>(handler_); }
  const pipeline& steps() const noexcept { return pipeline_; }
  const group_state& group() const noexcept { return *group_; }
  /// The source location of the registration, such as `app.cpp:31`.
  std::string location() const;

 private:
  friend class routing_table;
  void resolve_pipeline();

  method verb_;
  handler handler_;
  const group_state* group_;
  std::source_location location_;
  operation_settings settings_;
  step_list own_steps_;
  pipeline pipeline_;
};

/// A path pattern with its operations.
class route {
 public:
  route(route_pattern pattern, std::size_t index)
      : index(index), pattern(pattern.text()), pattern_(std::move(pattern)) {}

  /// The position in `router::routes`.
  const std::size_t index;
  /// The pattern as registered, such as `/api/things/{id}`: the `endpoint` in metrics and logs.
  const std::string pattern;

  const route_pattern& path_pattern() const noexcept { return pattern_; }
  const std::vector<std::unique_ptr<operation>>& operations() const noexcept { return operations_; }
  /// The operation for a method (for `HEAD`, the operation of `GET`), or the operation for any method; null if there is
  /// none.
  const operation* find_operation(method verb) const noexcept;
  /// Whether one of the handlers is asynchronous.
  bool is_async() const noexcept;
  /// Whether one of the operations is a probe.
  bool is_probe() const noexcept;
  /// The methods that have a handler, without duplicates. `GET` implies `HEAD`; `any` implies the methods of RFC 9110
  /// and `PATCH`, except `TRACE` and `CONNECT`.
  std::vector<method> allowed_methods() const;

 private:
  friend class routing_table;

  route_pattern pattern_;
  std::vector<std::unique_ptr<operation>> operations_;
};

}  // namespace cohort::http
