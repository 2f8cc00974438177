// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <cohort/policy/cache.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>
#include <cohort/service/lifecycle/background_tasks.hpp>
#include <cohort/telemetry/call_context.hpp>

namespace cohort::sim {

struct call_cache_settings {
  /// Age up to which a response is used without a call; must be positive.
  duration ttl{};
  /// Time after `ttl` during which the stale response is used immediately, while a call replaces it (RFC 5861 section
  /// 3).
  duration stale_while_revalidate{};
  /// Time after `ttl` during which the stale response is used if the call fails (RFC 5861 section 4).
  duration stale_if_error{};
  /// Single flight: requests without a cached response wait for the result of one call. If false, each request makes
  /// its own call.
  bool single_flight = true;
};

/// The cache for the responses of one call of a modeled service. The cache is in the memory of an instance, and empty
/// after each start. All requests share one cached response. A failed call is not cached. Thread-safe.
class call_cache {
 public:
  /// Makes the call, and returns whether it succeeded.
  using call_function = std::function<task<bool>(call_context)>;

  /// `background` must outlive the cache; it runs the calls for several requests and the calls that replace a stale
  /// response.
  call_cache(call_cache_settings settings, service::background_tasks& background, call_function call);

  /// Returns whether a response, cached or from a call, is available by the deadline.
  static task<bool> get(std::shared_ptr<call_cache> self, call_context context);

 private:
  struct response {};
  using responses = policy::cache<response>;

  responses::decision decide(std::shared_ptr<cross_thread_event>& waiting);
  static task<bool> fetch(std::shared_ptr<call_cache> self, call_context context);
  static task<> refresh(std::shared_ptr<call_cache> self);
  bool complete(bool succeeded);
  bool has_usable_response();

  call_cache_settings settings_;
  service::background_tasks& background_;
  call_function call_;
  std::mutex mutex_;  // guards the members below; never held across a wait
  responses responses_;
  /// Set at the end of the call in flight.
  std::shared_ptr<cross_thread_event> call_ended_;
};

}  // namespace cohort::sim
