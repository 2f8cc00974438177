// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/pipeline.hpp>

#include <boost/asio/this_coro.hpp>

namespace cohort::http {
namespace {

task<response> ready_response(response result) { co_return result; }

}  // namespace

task<response> next::operator()(request_context& context) const {
  return pipeline_run::run_from(*run_, context, index_);
}

/// Runs the filters at `index` and behind, and starts the middleware after them, or the handler.
task<response> pipeline_run::start(request_context& context, std::size_t index) {
  for (; index < steps_.size(); ++index) {
    if (const auto* wrapping = std::get_if<middleware>(steps_[index])) return (*wrapping)(context, {*this, index + 1});
    if (auto early = std::get<filter>(*steps_[index])(context)) return ready_response(std::move(*early));
  }
  return handle(context);
}

task<response> pipeline_run::run_from(pipeline_run& self, request_context& context, std::size_t index) {
  std::optional<response> result;
  std::exception_ptr failure;
  try {
    auto rest = self.start(context, index);
    result.emplace(co_await std::move(rest));
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return std::move(*result);
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return self.on_failure(context, failure, !!state.cancelled());
}

std::optional<response> run_filters(const pipeline& steps, request_context& context) {
  for (const auto* step : steps.steps()) {
    if (auto early = std::get<filter>(*step)(context)) return early;
  }
  return std::nullopt;
}

}  // namespace cohort::http
