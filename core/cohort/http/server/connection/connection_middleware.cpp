// SPDX-License-Identifier: BSL-1.0
// Handles requests that have middleware: the entire pipeline runs as one cancellable task.
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <cohort/http/server/connection/connection.hpp>

namespace cohort::http {

class connection::wrapped_request final : public pipeline_run {
 public:
  /// All arguments must outlive this object.
  wrapped_request(connection& owner, request_context& context) noexcept
      : pipeline_run(context.pipeline()), owner_(owner) {}

  /// Whether the connection was lost while the body was read.
  bool is_connection_lost() const noexcept { return is_connection_lost_; }

 private:
  std::optional<response> handle_immediately(request_context& context) override;
  task<response> handle(request_context& context) override;
  task<response> handle_async(request_context& context, const handler& handler);
  response on_failure(request_context& context, const std::exception_ptr& failure, bool is_cancelled) override;

  connection& owner_;
  bool is_connection_lost_ = false;
};

std::optional<response> connection::wrapped_request::handle_immediately(request_context& context) {
  auto dispatch_result = owner_.dispatch(context);
  if (auto* result = std::get_if<response>(&dispatch_result)) return std::move(*result);
  if (owner_.rejection_ != status{}) return owner_.rejection_response();
  return std::nullopt;
}

task<response> connection::wrapped_request::handle(request_context& context) {
  const auto& selected = context.matched_operation()->function();
  const bool streams_body = std::holds_alternative<streaming_handler>(selected);
  if (owner_.parser_->has_body() && !streams_body) {
    const auto body = co_await owner_.read_body(context.deadline());
    if (body == read_result::rejected) co_return owner_.rejection_response();
    if (body == read_result::closed) {
      // After a cancellation, the pipeline stores the reason.
      const auto state = co_await asio::this_coro::cancellation_state;
      if (!!state.cancelled()) throw boost::system::system_error{asio::error::operation_aborted};
      is_connection_lost_ = true;
      co_return response{client_closed_request};
    }
    if (owner_.input_.empty()) owner_.handler_run_.detect_disconnect();
  }
  context.set_body(owner_.body_);
  if (const auto* sync = std::get_if<sync_handler>(&selected)) co_return owner_.call_sync_handler(context, *sync);
  auto handler_task = handle_async(context, selected);
  co_return co_await std::move(handler_task);
}

task<response> connection::wrapped_request::handle_async(request_context& context, const handler& handler) {
  using completion = admission_control::permit::completion;
  admission_control::permit permit{owner_.shard_.admission(), *owner_.route_, context,
                                   std::holds_alternative<streaming_handler>(handler)};
  if (!permit.is_admitted()) co_return permit.rejection();
  const auto start = owner_.shard_.event_loop().now();
  std::optional<response> result;
  std::exception_ptr failure;
  try {
    auto work = owner_.start_handler(handler, context);
    result.emplace(co_await std::move(work));
  } catch (...) {
    failure = std::current_exception();
  }
  const auto cause = owner_.handler_run_.cause();
  if (cause == handler_cancellation::deadline) permit.set_completion(completion::deadline_exceeded);
  if (!result) {
    const auto state = co_await asio::this_coro::cancellation_state;
    result = on_failure(context, failure, !!state.cancelled());
    if (cause == handler_cancellation::none) co_return std::move(*result);
  } else if (cause == handler_cancellation::none) {
    permit.set_completion(completion::responded);
  }
  owner_.add_server_timing(*result, context, start);
  co_return std::move(*result);
}

response connection::wrapped_request::on_failure(request_context& context, const std::exception_ptr& failure,
                                                 bool is_cancelled) {
  const bool is_deadline = owner_.handler_run_.cause() == handler_cancellation::deadline;
  if (is_cancelled && is_cancellation(failure)) {
    if (is_deadline) return deadline_response();
    std::rethrow_exception(failure);
  }
  auto result = owner_.log_handler_failure(context, failure);
  return is_deadline ? deadline_response() : std::move(result);
}

/// Runs the pipeline of a request that has middleware.
task<connection::handling_result> connection::handle_in_middleware(request_context& context) {
  // The responses to earlier pipelined requests must not wait for this response.
  if (!try_flush()) {
    const bool is_flushed = co_await flush();
    if (!is_flushed) co_return no_response::connection_lost;
  }
  context.set_interim_sender(this);
  wrapped_request wrapped_request{*this, context};
  auto work = wrapped_request.run(context);
  detail::task_outcome<response> outcome;
  // A disconnect cannot be detected before the body has been read.
  const bool detect_disconnect = input_.empty() && !parser_->has_body();
  // Like `handler_run::run`, without its coroutine.
  handler_run_.start(current_deadline(context), detect_disconnect, context.timing().recording().get());
  try {
    outcome.value.emplace(co_await std::move(work));
  } catch (...) {
    outcome.failure = std::current_exception();
  }
  auto cause = handler_run_.stop();
  if (cause != handler_cancellation::none) {
    co_await asio::this_coro::reset_cancellation_state();
  } else if (const auto state = co_await asio::this_coro::cancellation_state; !!state.cancelled()) {
    cause = handler_cancellation::shutdown;
  }
  if (wrapped_request.is_connection_lost()) co_return no_response::connection_lost;
  co_return end_handling(context, cause, outcome);
}

}  // namespace cohort::http
