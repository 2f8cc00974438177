// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/model/call_cache.hpp>

namespace cohort::sim {
namespace {

/// The cache key; one is sufficient, because all requests need the same response.
const std::string key;

}  // namespace

call_cache::call_cache(call_cache_settings settings, service::background_tasks& background, call_function call)
    : settings_(settings),
      background_(background),
      call_(std::move(call)),
      responses_({.max_age = settings.ttl,
                  .stale_while_revalidate = settings.stale_while_revalidate,
                  .max_stale_age = settings.ttl + settings.stale_if_error,
                  .base_retry_delay = duration{0}}),
      call_ended_(cross_thread_event::make()) {}

/// Returns the action for a request. `waiting` is set to the event of the call in flight if the request has to wait for
/// it.
call_cache::responses::decision call_cache::decide(std::shared_ptr<cross_thread_event>& waiting) {
  using enum responses::action;
  const std::lock_guard lock{mutex_};
  auto decision = responses_.look_up(key, loop::current().now());
  if (!settings_.single_flight) {
    // Another request has made the call in flight.
    if (decision.next_action == join) decision.next_action = fetch;
    if (decision.next_action == use && decision.is_stale) decision.next_action = revalidate;
    return decision;
  }
  if (decision.next_action == fetch || decision.next_action == revalidate) call_ended_ = cross_thread_event::make();
  if (decision.next_action == fetch || decision.next_action == join) waiting = call_ended_;
  return decision;
}

task<bool> call_cache::get(std::shared_ptr<call_cache> self, call_context context) {
  using action = responses::action;
  std::shared_ptr<cross_thread_event> waiting;
  const auto decision = self->decide(waiting);
  if (decision.next_action == action::use) co_return true;
  if (decision.next_action == action::revalidate) {
    self->background_.spawn(refresh(self));
    co_return true;
  }
  if (!waiting) {
    auto fetch_task = fetch(self, context);
    co_return co_await std::move(fetch_task);
  }
  // A call for several waiting requests must not be cancelled with the first of them.
  if (decision.next_action == action::fetch) self->background_.spawn(refresh(self));
  auto join_task = waiting->wait(context.deadline);
  if (co_await std::move(join_task) != wait_status::notified) co_return false;
  co_return self->has_usable_response();
}

task<bool> call_cache::fetch(std::shared_ptr<call_cache> self, call_context context) {
  bool succeeded = false;
  try {
    auto call_task = self->call_(context);
    succeeded = co_await std::move(call_task);
  } catch (...) {
    self->complete(false);
    throw;
  }
  co_return self->complete(succeeded);
}

task<> call_cache::refresh(std::shared_ptr<call_cache> self) {
  auto fetch_task = fetch(self, {.deadline = deadline::never(), .request_id = "refresh"});
  co_await std::move(fetch_task);
}

/// Stores the result of a call. Returns whether a response is available.
bool call_cache::complete(bool succeeded) {
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  if (succeeded) {
    responses_.store(key, std::make_shared<const response>(), now);
  } else {
    responses_.record_failure(key, "failed", now);
  }
  call_ended_->set();
  return succeeded || responses_.peek(key, now).value != nullptr;
}

bool call_cache::has_usable_response() {
  const std::lock_guard lock{mutex_};
  return responses_.peek(key, loop::current().now()).value != nullptr;
}

}  // namespace cohort::sim
