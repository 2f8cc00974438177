#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/http/router.hpp"
#include "core/http/server_metrics.hpp"
#include "core/policy/concurrency_limiter.hpp"
#include "core/policy/feasibility.hpp"
#include "core/runtime/loop_lag.hpp"

namespace cohort::http {

/// What a server does about requests that had better not be begun. Only where a handler waits for something: what is
/// answered at once is answered sooner than refused.
struct admission_settings {
  /// About a request with less time left than its route's recent median: nothing, counting it, or refusing it.
  enum class hopeless { ignore, observe, refuse };
  hopeless deadlines = hopeless::observe;
  /// Whether requests are turned away when there are too many for this server to keep its latency.
  bool limits_concurrency = true;
  /// Begins above what the bulkheads of upstreams let wait here: until there is a sign of too much, nobody is turned
  /// away.
  policy::concurrency_limiter::settings concurrency{.first = 1000, .most = 4000};
  /// What has been ready for longer when its turn comes is turned away as well: a loop whose handlers compute for long
  /// never has many requests under way, it has them wait in their sockets. Once alone it may have been the machine's
  /// doing.
  duration longest_round = std::chrono::milliseconds{500};
  /// Less, once the loop has not kept up for `behind_after`: else all wait for nearly as long, and while they do, more
  /// come than are turned away. Source: "controlled delay" of Maurer, "Fail at scale" (ACM Queue, 2015).
  duration longest_round_when_behind = std::chrono::milliseconds{10};
  duration behind_after = std::chrono::milliseconds{100};
};

/// Says why a request was refused at once. After Envoy's `x-envoy-overloaded`, which stands beside it where the server
/// has too much to do.
inline constexpr std::string_view refused_field = "x-cohort-refused";
inline constexpr std::string_view overloaded_field = "x-envoy-overloaded";

/// The door of one loop's part of a server.
class admission {
 public:
  admission(const admission_settings& how, const router& routes, server_metrics& metrics, loop& home);

  /// One request's stay.
  class visit {
   public:
    enum class end { answered, late, cut_short };

    /// Both must outlive it.
    visit(admission& door, const route& to, request_context& context);
    ~visit();
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

    /// 504 for what is hopeless, 503 for what is too much; nothing if it may begin.
    std::optional<response> refusal;
    /// Unless told otherwise, it was cut short.
    end ended = end::cut_short;

   private:
    admission& door_;
    const route& route_;
    request_context& context_;
    time_point began_;
  };

 private:
  struct door {
    policy::feasibility usual;
    policy::concurrency_limiter limiter;
    std::size_t told_limit = 0;
  };
  std::optional<response> enter(const route& to, const request_context& context, time_point now);
  void leave(const route& from, request_context& context, time_point began, visit::end how);
  void tell_limit(const route& of, door& at);

  const admission_settings& how_;
  server_metrics& metrics_;
  loop& home_;
  loop_lag lag_;
  /// By the route's index; null where nothing waits.
  std::vector<std::unique_ptr<door>> doors_;
};

}  // namespace cohort::http
