// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/server/input/request_struct.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::http {

namespace detail {
inline task<response> completed(response value) { co_return value; }

inline response to_response(response value) { return value; }
template <class T>
response to_response(const T& value) {
  return json_response(value);
}
}  // namespace detail

/// A handler for `router` that takes a request struct, and responds with the errors of the request without calling the
/// function if there are any. Its type describes the inputs and responses of the route.
template <request_struct Request, class Function>
class typed_handler {
  static constexpr bool takes_context = std::is_invocable_v<const Function&, request_context&, Request>;
  static_assert(takes_context || std::is_invocable_v<const Function&, Request>,
                "a typed handler must be callable as f(Request) or as f(request_context&, Request)");

  static decltype(auto) call(const Function& function, request_context& context, Request request) {
    if constexpr (takes_context) {
      return function(context, std::move(request));
    } else {
      return function(std::move(request));
    }
  }

 public:
  using request_type = Request;
  /// A result type of a typed handler: `response`, `task<response>` or a described type, which is encoded as JSON with
  /// status 200.
  using result_type = decltype(call(std::declval<const Function&>(), std::declval<request_context&>(), Request{}));
  static constexpr bool is_async = std::is_same_v<result_type, task<response>>;

  explicit typed_handler(Function function) : function_(std::move(function)) {}

  std::conditional_t<is_async, task<response>, response> operator()(request_context& context) const {
    input in{context};
    auto request = extract<Request>(in);
    if constexpr (is_async) {
      if (!in) return detail::completed(in.error_response());
      return call(function_, context, std::move(request));
    } else {
      if (!in) return in.error_response();
      return detail::to_response(call(function_, context, std::move(request)));
    }
  }

  /// Describes the inputs of the handler, and its response if that is a described type. `router` calls it.
  template <class Operation>
  static void describe(Operation& described) {
    described.template reads<Request>();
    using body = std::remove_cvref_t<result_type>;
    if constexpr (!is_async && !std::is_same_v<body, response>) {
      described.template returns<body>(status::ok, "The result");
    }
  }

 private:
  Function function_;
};

/// A handler from a function of a request struct: `f(request)` or `f(context, request)`, which returns a response, a
/// described type for 200 with JSON, or `task<response>`. An asynchronous function takes the struct by value.
template <request_struct Request, class Function>
typed_handler<Request, Function> typed(Function function) {
  return typed_handler<Request, Function>{std::move(function)};
}

}  // namespace cohort::http
