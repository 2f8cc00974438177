#include "core/http/upstream.hpp"

#include "core/http/remaining_time.hpp"
#include "core/policy/bulkhead.hpp"
#include "core/runtime/wait_queue.hpp"
#include "core/runtime/when_all.hpp"

namespace cohort::http {
namespace {

using breaker = policy::circuit_breaker;

bool invites_another_try(unsigned code) noexcept { return code == 429 || code == 500 || code == 502 || code == 503; }

bool was_surely_not_sent(client_error why) noexcept {
  const auto word = error_class(why);
  return word == "connect" || word == "dns" || word == "tls" || why == client_error::connect_timeout ||
         why == client_error::tls_timeout || why == client_error::resolve_timeout;
}

bool is_broken_connection(client_error why) noexcept { return error_class(why) == "reset"; }

/// Of a caller in a hurry less is kept.
duration reserve_of(deadline until, time_point now, duration most) noexcept {
  return std::min(most, until.remaining(now) / 4);
}

}  // namespace

/// What one loop knows of the upstream.
struct upstream::here {
  explicit here(const upstream_settings& how)
      : budget(how.budget), gate(how.breaker), hedge(how.hedge), room(how.most_in_flight) {}

  policy::retry_budget budget;
  breaker gate;
  policy::hedging hedge;
  policy::bulkhead room;
  connection_pool::address_counts told_addresses;
};

/// How one attempt ended, and what that means.
struct upstream::attempt_end {
  client::outcome answer = client_error::cancelled;
  /// Nothing if trying again would not help.
  std::optional<policy::attempt_failure> failure;
  std::optional<duration> retry_after;
  bool met_dead_connection = false;

  bool succeeded() const noexcept { return answer && answer->code_number < 500 && !failure; }
  /// What it tells the circuit breaker.
  breaker::outcome lesson(bool had_fair_time) const noexcept {
    if (answer && answer->code_number < 500) return breaker::outcome::success;
    if (!answer && answer.error() == client_error::cancelled) return breaker::outcome::none;
    return was_late(answer) && !had_fair_time ? breaker::outcome::none : breaker::outcome::failure;
  }
};

struct upstream::running_call {
  upstream& owner;
  here& mine;
  client_request request;
  caller who;
  origin to;
  deadline until;
  /// Whether lateness is the upstream's and not the caller's.
  bool has_fair_time;
  bool is_probe = false;
  unsigned attempts = 0;
  /// Where attempts have failed or are under way.
  std::vector<net::endpoint> tried;
};

/// Holds a call's place and gives it back, with what the call told of the upstream.
class upstream::admission {
 public:
  admission(upstream& owner, here& mine) : owner_(owner), mine_(mine), home_(loop::current()) {
    if (!mine_.room.try_enter()) {
      refusal_ = client_error::bulkhead_full;
      return;
    }
    owner_.metrics_->in_flight.add(1);
    const auto before = mine_.gate.current();
    kind_ = mine_.gate.admit(home_.now());
    owner_.note_breaker(mine_, before);
    if (kind_ == breaker::admission::refused) refusal_ = client_error::breaker_open;
  }
  ~admission() {
    if (refusal_ == client_error::bulkhead_full) return;
    mine_.room.leave();
    owner_.metrics_->in_flight.add(-1);
    if (kind_ == breaker::admission::refused) return;
    const auto before = mine_.gate.current();
    mine_.gate.record(kind_, learned, home_.now(), home_.random());
    owner_.note_breaker(mine_, before);
  }
  admission(const admission&) = delete;
  admission& operator=(const admission&) = delete;

  std::optional<client_error> refusal() const noexcept { return refusal_; }
  bool is_probe() const noexcept { return kind_ == breaker::admission::probe; }

  breaker::outcome learned = breaker::outcome::none;

 private:
  upstream& owner_;
  here& mine_;
  loop& home_;
  std::optional<client_error> refusal_;
  breaker::admission kind_ = breaker::admission::refused;
};

/// One attempt, and a second beside it if the first is slow: the first good answer wins, the other attempt is cancelled
/// and waited for.
class upstream::hedged_attempt {
 public:
  hedged_attempt(running_call& call, duration delay, bool fresh)
      : call_(call), delay_(delay), fresh_(fresh), slow_(loop::current().timers(), this) {}

  void start_all() {
    began_ = loop::current().now();
    slow_.arm(began_ + delay_);
    start(0, fresh_);
  }
  void cancel_all() {
    slow_.disarm();
    for (auto& each : attempts_) detail::cancel(each.cancel);
  }
  /// Of the two; throws what the first threw if there is nothing better.
  attempt_end take() {
    auto& best = attempts_[winner_.value_or(0)].outcome;
    if (best.failure) std::rethrow_exception(best.failure);
    if (winner_ == 1 && best.value->succeeded()) call_.owner.metrics_->hedges_won.increment();
    return std::move(*best.value);
  }

  completion<std::monostate> done;
  bool cancelled = false;

 private:
  void start(std::size_t which, bool fresh) {
    ++running_;
    detail::start_child(attempts_[which], attempt(call_, fresh), [this, which] { on_done(which); });
  }
  void on_slow() {
    auto& metrics = *call_.owner.metrics_;
    if (!call_.mine.budget.withdraw(loop::current().now())) {
      metrics.hedges_refused.increment();
      return;
    }
    metrics.hedges_sent.increment();
    start(1, false);
  }
  void on_done(std::size_t which) {
    --running_;
    const auto& ended = attempts_[which].outcome;
    const bool good = ended.value && ended.value->succeeded();
    if (!winner_ && (good || running_ == 0)) {
      winner_ = which;
      cancel_all();
    }
    // It would have taken longer still: were that left out, slow would soon seem to be quick.
    const auto now = loop::current().now();
    if (which == 0 && winner_ == 1 && attempts_[1].outcome.value->succeeded())
      call_.mine.hedge.record(now - began_, now);
    if (running_ == 0) {
      slow_.disarm();
      done.post({});
    }
  }

  running_call& call_;
  time_point began_{};
  duration delay_;
  bool fresh_;
  std::array<detail::child<attempt_end>, 2> attempts_;
  std::optional<std::size_t> winner_;
  std::size_t running_ = 0;
  bound_timer<&hedged_attempt::on_slow> slow_;
};

upstream::upstream(client& through, telemetry::registry& metrics, telemetry::logger log, std::string name,
                   upstream_settings how)
    : client_(through),
      name_(std::move(name)),
      how_(how),
      log_(std::move(log)),
      metrics_(std::make_unique<upstream_metrics>(metrics, name_)),
      loops_(through.loops()) {}

upstream::~upstream() = default;
upstream::upstream(upstream&&) noexcept = default;

upstream::here& upstream::on_this_loop() {
  auto& mine = loops_.at(loop::current().index());
  if (!mine) {
    mine = std::make_unique<here>(how_);
    metrics_->on_breaker_made();
  }
  return *mine;
}

task<upstream::answer> upstream::call(client_request request, caller who, std::optional<duration> limit) {
  const auto started = loop::current().now();
  const auto own_limit = limit.value_or(how_.limit);
  const auto until = budget_for(who.until, started, own_limit, reserve_of(who.until, started, how_.reserve));
  const auto to = origin_of(request.url);
  answer made{.outcome = client_error::bad_url, .limit = until.remaining(started)};
  if (to) {
    const server_timing::waiting elsewhere{who.timing};
    if (!who.id.empty()) request.fields.emplace_back("X-Request-Id", std::string{who.id});
    request.trace = who.trace;
    const bool has_fair_time = made.limit * 2 >= own_limit;
    running_call running{*this, on_this_loop(), std::move(request), who, *to, until, has_fair_time};
    for (unsigned followed = 0;; ++followed) {
      made.outcome = co_await call_admitted(running);
      made.attempts += std::exchange(running.attempts, 0);
      auto onward = redirect_of(running.request, made.outcome, followed);
      if (onward.wrong) made.outcome = *onward.wrong;
      if (!onward.next) break;
      running.request = std::move(*onward.next);
      const auto before = std::exchange(running.to, *origin_of(running.request.url));
      if (running.to != before) running.request.trace = {};  // like the other fields, not for strangers
      running.tried.clear();
    }
    note_addresses(running.mine, *to);
  }
  const auto now = loop::current().now();
  made.elapsed = now - started;
  metrics_->on_call(made.outcome, made.elapsed, who.trace, now);
  if (who.timing) who.timing->add(name_, made.elapsed, outcome_word(made.outcome));
  co_return made;
}

task<client::outcome> upstream::call_admitted(running_call& call) {
  const auto now = loop::current().now();
  // Not even a round trip is left: failed before anything is dialled, and told to nobody.
  if (call.until.remaining(now) <= client_.round_trip(call.to)) co_return client_error::no_time_left;
  admission place{*this, call.mine};
  if (place.refusal()) co_return *place.refusal();
  call.is_probe = place.is_probe();
  call.mine.budget.deposit(now);
  for (bool fresh = false;;) {
    auto end = co_await attempt_with_hedge(call, fresh);
    place.learned = end.lesson(call.has_fair_time);
    if (!end.failure) co_return std::move(end.answer);
    const auto next = decide(call, end);
    if (next.verdict != policy::retry_verdict::again) co_return std::move(end.answer);
    // A connection that died in the pool says nothing of the server: no reason to wait.
    if (next.pause > duration{} && !end.met_dead_connection) {
      auto pause = sleep_for(next.pause);
      if (co_await std::move(pause) == wait_status::cancelled) {
        place.learned = breaker::outcome::none;
        co_return client_error::cancelled;
      }
    }
    fresh = end.met_dead_connection;
  }
}

policy::retry_decision upstream::decide(running_call& call, const attempt_end& end) {
  const auto now = loop::current().now();
  const policy::failed_attempt what{
      .how = *end.failure,
      .idempotent = is_idempotent(call.request.verb),
      // A probe is one request; and what others have found out meanwhile holds for this call, too.
      .attempts = call.is_probe || call.mine.gate.current() != breaker::state::closed ? how_.retry.most_attempts
                                                                                      : call.attempts,
      .retry_after = end.retry_after,
      .time_left = call.until.remaining(now),
      .time_needed = std::max(call.mine.hedge.usual(now), client_.round_trip(call.to))};
  const auto next = policy::decide_retry(how_.retry, what, call.mine.budget, now, loop::current().random());
  metrics_->on_retry(next.verdict);
  if (log_.writes(telemetry::log_level::debug)) {
    using milliseconds = std::chrono::duration<double, std::milli>;
    log_.write(telemetry::log_level::debug, "an attempt failed",
               {{"id", call.who.id},
                {"upstream", std::string_view{name_}},
                {"ended", outcome_word(end.answer)},
                {"retry", policy::name_of(next.verdict)},
                {"remaining_ms", milliseconds(what.time_left).count()}});
  }
  return next;
}

task<upstream::attempt_end> upstream::attempt_with_hedge(running_call& call, bool fresh) {
  const auto now = loop::current().now();
  const bool may_hedge = !call.is_probe && call.attempts == 0 && is_idempotent(call.request.verb);
  const auto delay = may_hedge ? call.mine.hedge.delay(call.until.remaining(now), now) : std::nullopt;
  if (!delay) co_return co_await attempt(call, fresh);
  hedged_attempt both{call, *delay, fresh};
  auto running = detail::run_scope(both);
  co_await std::move(running);
  co_return both.take();
}

task<upstream::attempt_end> upstream::attempt(running_call& call, bool fresh) {
  ++call.attempts;
  auto& self = call.owner;
  self.metrics_->attempts.increment();
  client::attempt_plan plan;
  plan.connection.avoid = call.tried;
  plan.connection.fresh = fresh;
  plan.blames_for_timeout = call.has_fair_time;
  plan.tells_deadline = self.how_.tells_deadline;
  plan.on_address = [&call](const net::endpoint& where) { call.tried.push_back(where); };
  const auto began = loop::current().now();
  auto made = co_await self.client_.try_once(call.request, call.until, std::move(plan));
  const auto now = loop::current().now();
  if (made.answer) call.mine.hedge.record(now - began, now);
  co_return judged(std::move(made));
}

upstream::attempt_end upstream::judged(client::attempt made) {
  attempt_end end;
  end.met_dead_connection = made.met_dead_connection;
  if (made.answer) {
    const auto code = made.answer->code_number;
    const auto wait = made.answer->find("retry-after");
    if (wait) end.retry_after = policy::parse_retry_after(*wait);
    // Who names a time that is not understood, or limits our rate without one, is not to be bothered again.
    const bool knows_when = wait ? end.retry_after.has_value() : code != 429;
    if (invites_another_try(code) && knows_when) end.failure = policy::attempt_failure::turned_away;
  } else if (was_surely_not_sent(made.answer.error())) {
    end.failure = policy::attempt_failure::not_sent;
  } else if (is_broken_connection(made.answer.error())) {
    end.failure = policy::attempt_failure::lost;
  }
  end.answer = std::move(made.answer);
  return end;
}

void upstream::note_breaker(here& mine, breaker::state before) {
  const auto after = mine.gate.current();
  if (before == after) return;
  metrics_->on_breaker(before, after);
  const auto level = after == breaker::state::open ? telemetry::log_level::warn : telemetry::log_level::info;
  log_.write(
      level, "circuit breaker",
      {{"upstream", std::string_view{name_}}, {"from", policy::name_of(before)}, {"to", policy::name_of(after)}});
}

void upstream::note_addresses(here& mine, const origin& of) {
  const auto now = client_.addresses(of);
  metrics_->on_addresses(mine.told_addresses, now);
  mine.told_addresses = now;
}

}  // namespace cohort::http
