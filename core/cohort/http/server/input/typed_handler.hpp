// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/server/input/request_struct.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::http {

namespace input_detail {
inline task<response> to_completed_task(response value) { co_return value; }

inline response to_response(response value) { return value; }
template <class T>
response to_response(const T& value) {
  return json_response(value);
}

/// The type that a handler's result has once it is awaited: `T` of a `task<T>`, otherwise the type itself.
template <class T>
struct awaited_result {
  using type = T;
};
template <class T>
struct awaited_result<task<T>> {
  using type = T;
};

inline task<response> to_async_response(task<response> work) { return work; }
template <class T>
task<response> to_async_response(task<T> work) {
  const auto value = co_await std::move(work);
  co_return to_response(value);
}

template <class T>
concept handler_result = std::is_same_v<T, response> || !structured_value<T> || json_response_value<T>;

template <class T>
concept from_body_value = has_source<T> && T::source == "body";

/// The request struct of a function that takes a `from_body`.
template <from_body_value Body>
struct body_request {
  Body body;
  BOOST_DESCRIBE_CLASS(body_request, (), (body), (), ())
};

template <class Input>
struct request_struct_for {
  using type = Input;
  static Input input(Input request) { return request; }
};
template <from_body_value Body>
struct request_struct_for<Body> {
  using type = body_request<Body>;
  static Body input(type request) { return std::move(request.body); }
};
}  // namespace input_detail

/// The input of a typed handler: a request struct, or `from_body` alone.
template <class T>
concept request_input = request_struct<T> || input_detail::from_body_value<T>;

/// A handler for `router` that takes a request struct. An invalid request receives a response with its errors, and the
/// function is not called. The type of the function describes the inputs and responses of the route.
template <request_input Request, class Function>
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
  using request_type = typename input_detail::request_struct_for<Request>::type;
  /// The result type of a typed handler: `response`, a described type, which is encoded as JSON with status 200, or a
  /// task of one of them.
  using result_type =
      std::remove_cvref_t<decltype(call(std::declval<const Function&>(), std::declval<request_context&>(), Request{}))>;
  using body_type = typename input_detail::awaited_result<result_type>::type;
  static constexpr bool is_async = !std::is_same_v<result_type, body_type>;
  static_assert(input_detail::handler_result<body_type>,
                "a typed handler must return a response, a type with BOOST_DESCRIBE_STRUCT, or a task of one of them");

  explicit typed_handler(Function function) : function_(std::move(function)) {}

  std::conditional_t<is_async, task<response>, response> operator()(request_context& context) const {
    input in{context};
    auto request = input_detail::request_struct_for<Request>::input(extract<request_type>(in));
    if constexpr (is_async) {
      if (!in) return input_detail::to_completed_task(in.error_response());
      return input_detail::to_async_response(call(function_, context, std::move(request)));
    } else {
      if (!in) return in.error_response();
      return input_detail::to_response(call(function_, context, std::move(request)));
    }
  }

  /// Describes the inputs of the handler, and its response if that is a described type. `router` calls it.
  template <class Operation>
  static void describe(Operation& described) {
    described.template reads<request_type>();
    if constexpr (!std::is_same_v<body_type, response>) {
      described.template returns<body_type>(status::ok, "The result");
    }
  }

 private:
  Function function_;
};

/// A handler from a function of a request struct: `f(request)` or `f(context, request)`, which returns a response, a
/// described type for 200 with JSON, or a task of one of them. An asynchronous function takes the struct by value.
template <class Request, class Function>
auto typed(Function function) {
  static_assert(request_input<Request>,
                "the request struct of http::typed needs BOOST_DESCRIBE_STRUCT(type, (), (member, ...)) after its "
                "definition, in the same namespace");
  if constexpr (request_input<Request>) {
    return typed_handler<Request, Function>{std::move(function)};
  } else {
    return [](request_context&) { return response{}; };
  }
}

/// A handler from a function whose last parameter is the request struct. `state` is the list of arguments before the
/// context, such as a `std::shared_ptr` to a database. Each call receives copies of them.
///
///     task<http::response> create(database store, http::request_context& context, create_request request);
///     routes.post("/links", http::typed(create, store));
template <class Result, class... Parameters, class... State>
auto typed(Result (*function)(Parameters...), State... state) {
  using last = typename decltype((std::type_identity<Parameters>{}, ...))::type;
  static_assert(
      std::is_same_v<Result, typename input_detail::awaited_result<Result>::type> || !std::is_reference_v<last>,
      "an asynchronous function must take its input by value: a reference would dangle after its first wait");
  return typed<std::remove_cvref_t<last>>(std::bind_front(function, std::move(state)...));
}

}  // namespace cohort::http
