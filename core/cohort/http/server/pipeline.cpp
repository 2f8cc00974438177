// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/pipeline.hpp>

#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort::http {
namespace {

task<response> ready_response(response result) { co_return result; }

task<response> failed_response(std::exception_ptr failure) {
  std::rethrow_exception(failure);
  co_return response{};
}

}  // namespace

void step_list::append(pipeline_step step) {
  const bool is_empty = std::visit([](const auto& function) { return !function; }, step);
  if (is_empty) throw std::invalid_argument{"use() needs a callable that is not null"};
  steps_.push_back(std::make_unique<const pipeline_step>(std::move(step)));
}

task<response> next::operator()(request_context& context) const {
  return pipeline_run::run_from(*run_, context, index_);
}

/// Runs the filters from `index` up to the next middleware or the handler, and sets `index` to that step. Returns the
/// response of a filter that ends the request.
std::optional<response> pipeline_run::run_filters(request_context& context, std::size_t& index) const {
  for (; index < steps_.size(); ++index) {
    const auto* check = std::get_if<filter>(steps_[index]);
    if (!check) break;
    if (auto result = (*check)(context)) return result;
  }
  return std::nullopt;
}

/// Starts the middleware at `index`, or the handler.
task<response> pipeline_run::start(request_context& context, std::size_t index) {
  if (index == steps_.size()) return handle(context);
  auto work = std::get<middleware>(*steps_[index])(context, {*this, index + 1});
  detail::check_not_empty(work);
  return work;
}

// Does not call `run_from`, because the outermost middleware does not need that coroutine.
task<response> pipeline_run::run(request_context& context) {
  std::exception_ptr failure;
  try {
    std::size_t index = 0;
    if (auto early_response = run_filters(context, index)) return ready_response(std::move(*early_response));
    return start(context, index);
  } catch (...) {
    failure = std::current_exception();
  }
  return failed_response(std::move(failure));
}

task<response> pipeline_run::run_from(pipeline_run& self, request_context& context, std::size_t index) {
  std::exception_ptr failure;
  try {
    if (auto early_response = self.run_filters(context, index)) co_return std::move(*early_response);
    if (index == self.steps_.size()) {
      if (auto result = self.handle_immediately(context)) co_return std::move(*result);
    }
    auto next_steps_task = self.start(context, index);
    co_return co_await std::move(next_steps_task);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return self.on_failure(context, failure, !!state.cancelled());
}

std::optional<response> run_filters(const pipeline& steps, request_context& context) {
  for (const auto* step : steps.steps()) {
    if (auto early_response = std::get<filter>(*step)(context)) return early_response;
  }
  return std::nullopt;
}

}  // namespace cohort::http
