// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/request_context.hpp>

namespace cohort::http {

class pipeline_run;

/// The rest of the request's pipeline: the next middleware, or the handler. A small copyable value, valid for the
/// lifetime of the request.
class next {
 public:
  /// Runs the rest and returns its response: the handler's, or an error response of the framework (401, 404, 405, 413,
  /// 429, 500, 501, 503, 504). Throws only if the request is cancelled: its client has disconnected, or the server's
  /// drain timeout has expired. Call it at most once.
  task<response> operator()(request_context& context) const;

 private:
  friend class pipeline_run;
  next(pipeline_run& run, std::size_t index) noexcept : run_(&run), index_(index) {}

  pipeline_run* run_;
  std::size_t index_;
};

/// Runs before the rest of the pipeline and before the body is read. If a filter returns a response, the rest of the
/// pipeline does not run. A filter needs no coroutine.
using filter = std::function<std::optional<response>(request_context&)>;
/// Wraps the rest of the pipeline. A middleware may return its own response, change the context before `co_await
/// next(context)`, change the response after it, and await other operations. The router stores the callable for its
/// lifetime, so a lambda may have captures. A middleware is cancelled like a handler; once the deadline has passed, a
/// further `co_await` in it throws.
using middleware = std::function<task<response>(request_context&, next)>;

/// A callable that `router::use` accepts.
template <class Callable>
concept filter_callable = std::copy_constructible<Callable> &&
                          std::same_as<std::invoke_result_t<Callable&, request_context&>, std::optional<response>>;
template <class Callable>
concept middleware_callable = std::copy_constructible<Callable> &&
                              std::same_as<std::invoke_result_t<Callable&, request_context&, next>, task<response>>;

using pipeline_step = std::variant<filter, middleware>;

/// A step that rejects requests without a credential. Its type declares `static constexpr bool requires_credential =
/// true`. The description of the API then lists the credential for each operation to which the step applies.
template <class Callable>
concept credential_step = Callable::requires_credential;

/// Owns the steps that were added to one router, group or operation.
class step_list {
 public:
  template <class Callable>
  void add(Callable step) {
    static_assert(filter_callable<Callable> || middleware_callable<Callable>,
                  "use() needs a copyable callable: middleware task<response>(request_context&, next), or a filter "
                  "std::optional<response>(request_context&)");
    if constexpr (middleware_callable<Callable>) {
      append(middleware{std::move(step)});
    } else if constexpr (filter_callable<Callable>) {
      append(filter{std::move(step)});
    }
    if constexpr (credential_step<Callable>) requires_credential_ = true;
  }
  bool requires_credential() const noexcept { return requires_credential_; }
  const std::vector<std::unique_ptr<const pipeline_step>>& steps() const noexcept { return steps_; }

 private:
  /// Throws `std::invalid_argument` for an empty function.
  void append(pipeline_step step);

  std::vector<std::unique_ptr<const pipeline_step>> steps_;
  bool requires_credential_ = false;
};

/// The steps of a request, outermost first: of the router, of its groups, and of its operation.
class pipeline {
 public:
  void append(const step_list& list) {
    for (const auto& step : list.steps()) {
      steps_.push_back(step.get());
      has_middleware_ = has_middleware_ || std::holds_alternative<middleware>(*step);
    }
    requires_credential_ = requires_credential_ || list.requires_credential();
  }
  std::span<const pipeline_step* const> steps() const noexcept { return steps_; }
  /// Whether there are steps other than filters.
  bool has_middleware() const noexcept { return has_middleware_; }
  /// Whether one of the steps is a `credential_step`.
  bool requires_credential() const noexcept { return requires_credential_; }

 private:
  std::vector<const pipeline_step*> steps_;
  bool has_middleware_ = false;
  bool requires_credential_ = false;
};

/// Runs the pipeline of one request around the framework's own handling. Must outlive the run.
class pipeline_run {
 public:
  explicit pipeline_run(const pipeline& steps) noexcept : steps_(steps.steps()) {}
  virtual ~pipeline_run() = default;
  pipeline_run(const pipeline_run&) = delete;
  pipeline_run& operator=(const pipeline_run&) = delete;

  /// Runs all steps and the handler. Exceptions of the outermost steps propagate to the caller.
  task<response> run(request_context& context);

 protected:
  /// Runs the innermost part if it need not wait, which saves a coroutine; otherwise returns no response.
  virtual std::optional<response> handle_immediately(request_context& context) = 0;
  /// Runs the innermost part, after `handle_immediately` has returned no response. An exception is handled like an
  /// exception of a middleware.
  virtual task<response> handle(request_context& context) = 0;
  /// Returns the response to an exception of a step or of `handle`. Rethrows the exception if the request is cancelled.
  /// `is_cancelled` means that the calling coroutine has been cancelled.
  virtual response on_failure(request_context& context, const std::exception_ptr& failure, bool is_cancelled) = 0;

 private:
  friend class next;
  static task<response> run_from(pipeline_run& self, request_context& context, std::size_t index);
  std::optional<response> run_filters(request_context& context, std::size_t& index) const;
  task<response> start(request_context& context, std::size_t index);

  std::span<const pipeline_step* const> steps_;
};

/// Runs filters until one responds. Precondition: the pipeline has no middleware.
std::optional<response> run_filters(const pipeline& steps, request_context& context);

}  // namespace cohort::http
