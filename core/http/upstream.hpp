#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/http/client.hpp"
#include "core/http/server_timing.hpp"
#include "core/http/upstream_metrics.hpp"
#include "core/http/upstream_settings.hpp"
#include "core/telemetry/log.hpp"

namespace cohort::http {

/// A server that is called again and again, and what keeps its troubles from becoming ours: every call inherits its
/// caller's deadline and says so to the upstream; failures that can be mended in time are tried again, slow answers
/// hedged, both on one budget; a bulkhead bounds the calls at once, a circuit breaker leaves an upstream alone that
/// fails nearly always. Each loop keeps its own counts. One object serves all loops; it must outlive its calls.
///
/// What counts against an upstream: no connection, no whole answer, 500 and above; being late, unless the caller gave
/// less than half of the limit. Tried again are 500, 502, 503, a 429 that says when, and broken connections where the
/// method is idempotent, and whatever was surely not sent.
class upstream {
 public:
  struct answer {
    /// `breaker_open`, `bulkhead_full` and `no_time_left` were never sent.
    client::outcome outcome;
    /// Of all attempts together.
    duration elapsed{};
    /// What the call was given.
    duration limit{};
    /// Requests sent.
    unsigned attempts = 0;
  };

  /// `name` is for metrics, logs and `Server-Timing`: a token. `through` and `metrics` must outlive it.
  upstream(client& through, telemetry::registry& metrics, telemetry::logger log, std::string name,
           upstream_settings how = {});
  ~upstream();
  upstream(upstream&&) noexcept;

  const std::string& name() const noexcept { return name_; }
  const upstream_settings& settings() const noexcept { return how_; }

  /// The deadline header, `X-Request-Id` and the trace's fields are added. `limit` stands for the settings' own.
  task<answer> call(client_request request, caller who, std::optional<duration> limit = {});

 private:
  struct here;
  struct running_call;
  struct attempt_end;
  class hedged_attempt;
  class admission;

  task<client::outcome> call_admitted(running_call& call);
  static task<attempt_end> attempt(running_call& call, bool fresh);
  task<attempt_end> attempt_with_hedge(running_call& call, bool fresh);
  static attempt_end judged(client::attempt made);
  policy::retry_decision decide(running_call& call, const attempt_end& end);
  void note_breaker(here& mine, policy::circuit_breaker::state before);
  void note_addresses(here& mine, const origin& of);
  here& on_this_loop();

  client& client_;
  std::string name_;
  upstream_settings how_;
  telemetry::logger log_;
  std::unique_ptr<upstream_metrics> metrics_;
  std::vector<std::unique_ptr<here>> loops_;
};

}  // namespace cohort::http
