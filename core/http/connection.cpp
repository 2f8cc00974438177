#include "core/http/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "core/http/body_writer.hpp"
#include "core/http/remaining_time.hpp"
#include "core/http/response_head.hpp"

namespace cohort::http {
namespace {

/// Pipelined answers are sent together up to here.
constexpr std::size_t most_batched = 64 * 1024;
/// A body above this is sent from where it lies instead of being copied behind its head.
constexpr std::size_t largest_copied_body = 16 * 1024;
/// A handler that takes longer is worth watching its client for; most are done before.
constexpr duration hangup_grace = std::chrono::milliseconds{10};

/// nginx's code for a client that hung up before its answer; it is counted, never sent.
constexpr auto client_closed_request = static_cast<status>(499);

/// Counts a request while it is being answered.
class in_flight {
 public:
  explicit in_flight(telemetry::gauge& count) : count_(count) { count_.add(1); }
  ~in_flight() { count_.add(-1); }
  in_flight(const in_flight&) = delete;
  in_flight& operator=(const in_flight&) = delete;

 private:
  telemetry::gauge& count_;
};

/// What may go into a log line and upstream as it is.
bool is_sane_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > 128) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

/// The field's value, if it was sent just once.
std::optional<std::string_view> sole_value(const request_head& head, std::string_view name) noexcept {
  std::optional<std::string_view> found;
  for (const auto& each : head.fields) {
    if (!same_name(each.name, name)) continue;
    if (found) return std::nullopt;
    found = each.value;
  }
  return found;
}

/// The caller's trace if it sent a good one, else a new one.
telemetry::trace_context trace_of(const request_head& head, random_source& chance) noexcept {
  const auto parent = sole_value(head, "traceparent");
  auto trace = parent ? telemetry::parse_traceparent(*parent) : std::nullopt;
  if (!trace) return telemetry::begin_trace(chance);
  const auto state = sole_value(head, "tracestate");
  if (state && telemetry::is_sane_tracestate(*state)) trace->state = *state;
  return *trace;
}

/// To the microsecond: more would only look exact.
double milliseconds_of(duration span) noexcept {
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(span).count()) / 1000;
}

}  // namespace

connection::connection(server_shard& shard, net::stream_ptr client, asio::cancellation_signal& cancel)
    : shard_(shard),
      limits_(shard.shared().settings.limits),
      stream_(std::move(client)),
      cancel_(cancel),
      peer_(stream_->peer_address()),
      in_(limits_.header_bytes),
      handler_timer_(shard.home().timers(), this) {
  shard_.open_.push_back(this);
  shard_.shared().metrics.connections.add(1);
  shard_.shared().metrics.connections_total.increment();
}

connection::~connection() {
  release_body();
  std::erase(shard_.open_, this);
  shard_.shared().metrics.connections.add(-1);
}

task<> connection::run() {
  for (;;) {
    if (!co_await read_head()) break;
    const auto next = co_await answer();
    release_body();
    if (next == outcome::keep) continue;
    if (!co_await flush()) break;
    if (next == outcome::linger) co_await linger();
    break;
  }
  stream_->close();
}

task<connection::outcome> connection::answer() {
  parser_.emplace(limits_, head_, body_);
  const auto head_bytes = in_.unread().substr(0, scanner_.length());
  if (const auto wrong = parser_->parse_head(head_bytes)) co_return co_await refuse(*wrong);
  in_.consume(head_bytes.size());

  const auto started = shard_.home().now();
  request_context context{head_, peer_};
  std::array<char, 16> own_id;
  if (const auto given = head_.find("x-request-id"); given && is_sane_id(*given)) {
    context.set_id(*given);
  } else {
    own_id = shard_.make_request_id();
    context.set_id({own_id.data(), own_id.size()});
  }
  context.set_trace(trace_of(head_, shard_.home().random()));
  const auto* matched = matched_ = shard_.shared().routes.match(context);
  auto limit = matched && matched->limit ? std::min(*matched->limit, limits_.request_time) : limits_.request_time;
  const auto told = told_time_of(head_);
  if (told.absurd) shard_.shared().metrics.absurd_deadlines_total.increment();
  limit = std::min(limit, told.left.value_or(limit));
  context.set_until(deadline::after(started, limit));

  const in_flight counted{shard_.shared().metrics.requests_in_flight};
  interrupted_ = interruption::none;
  auto made = answer_at_once(context, matched);
  if (!made) made = co_await answer_in_time(context, *matched);
  if (!made) {
    if (interrupted_ == interruption::hangup) report(context, matched, client_closed_request, started);
    if (interrupted_ == interruption::server_end) report(context, matched, status::service_unavailable, started);
    co_return outcome::close;
  }
  report(context, matched, made->code(), started);

  const bool body_unread = parser_->has_body();
  const bool keep = !body_unread && decide_keep_alive(*made);
  if (made->writer() && head_.method != method::head) {
    const bool whole = co_await stream_body(*made);
    if (whole && keep) co_return outcome::keep;
    co_return outcome::close;
  }
  if (!co_await append_answer(*made, keep)) co_return outcome::close;
  if (keep) co_return outcome::keep;
  // A client that goes on sending must not have its answer cut off by a reset.
  co_return body_unread || shard_.draining().is_set() ? outcome::linger : outcome::close;
}

/// The answer, if nothing has to be waited for: neither a body nor a handler. Most requests need no coroutine.
std::optional<response> connection::answer_at_once(request_context& context, const route* matched) {
  try {
    if (!matched || !matched->is_probe) {
      for (const auto& check : shard_.shared().routes.filters()) {
        auto early = check(context, matched ? std::string_view{matched->pattern} : "unmatched");
        if (early) return early;
      }
    }
    if (head_.method == method::unknown) return unknown_method();
    if (!matched) return no_such_route();
    const auto* handle = matched->find(head_.method);
    if (!handle) return method_not_allowed(*matched);
    const auto* immediate = std::get_if<immediate_handler>(handle);
    if (!immediate || parser_->has_body()) return std::nullopt;
    return (*immediate)(context);
  } catch (...) {
    return failed(std::current_exception());
  }
}

/// The rest of the cases. Nothing when the client is gone, or has been told already what was wrong with its body.
task<std::optional<response>> connection::answer_in_time(request_context& context, const route& matched) {
  std::exception_ptr failure;
  try {
    if (parser_->has_body()) {
      const bool whole = co_await read_body(context.until());
      if (!whole) co_return std::nullopt;
    }
    context.set_body(body_);
    const auto& handle = *matched.find(head_.method);
    if (const auto* immediate = std::get_if<immediate_handler>(&handle)) co_return (*immediate)(context);
    co_return co_await run_handler(context, matched, std::get<awaiting_handler>(handle));
  } catch (...) {
    failure = std::current_exception();
  }
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const bool server_ends = !!cancellation.cancelled();
  if (server_ends && detail::is_cancellation(failure)) std::rethrow_exception(failure);
  co_return failed(failure);
}

task<std::optional<response>> connection::run_handler(request_context& context, const route& matched,
                                                      const awaiting_handler& handle) {
  admission::visit visit{shard_.door(), matched, context};
  if (visit.refusal) co_return std::move(visit.refusal);
  // Earlier answers of a pipeline must not wait for this one.
  const bool flushed = co_await flush();
  if (!flushed) co_return std::nullopt;
  const auto began = shard_.home().now();
  handler_until_ = context.until();
  arm_handler_timer();
  std::optional<response> made;
  std::exception_ptr failure;
  try {
    auto work = handle(context);
    made.emplace(co_await std::move(work));
  } catch (...) {
    failure = std::current_exception();
  }
  handler_timer_.disarm();
  in_handler_ = false;
  if (std::exchange(watching_, false)) stream_->unwatch_hangup();

  if (interrupted_ == interruption::none) {
    if (failure) std::rethrow_exception(failure);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (!!cancellation.cancelled()) {  // the server's end: what the handler had to say is not sent any more
      interrupted_ = interruption::server_end;
      co_return std::nullopt;
    }
    visit.ended = admission::visit::end::answered;
    tell_timing(context, *made, began);
    co_return made;
  }
  // The signal has done its work; this task goes on, if only to say so.
  co_await asio::this_coro::reset_cancellation_state();
  if (interrupted_ == interruption::hangup) {
    shard_.shared().metrics.abandoned_total.increment();
    co_return std::nullopt;
  }
  visit.ended = admission::visit::end::late;
  shard_.shared().metrics.deadline_exceeded_total.increment();
  if (failure && !detail::is_cancellation(failure)) failed(failure);
  if (!made) made = error_response(status::gateway_timeout, "There was no answer in time");
  tell_timing(context, *made, began);
  co_return made;
}

void connection::tell_timing(request_context& context, response& on, time_point began) {
  const auto now = shard_.home().now();
  on.set("Server-Timing", context.timing().value(now - began, context.until(), now));
}

void connection::arm_handler_timer() {
  in_handler_ = true;
  const auto grace = deadline::after(shard_.home().now(), hangup_grace);
  handler_timer_.arm(std::min(handler_until_, grace).at());
}

void connection::on_handler_timer() {
  if (!in_handler_ || interrupted_ != interruption::none) return;
  if (handler_until_.expired(shard_.home().now())) {
    interrupted_ = interruption::deadline;
    detail::cancel(cancel_);
    return;
  }
  handler_timer_.arm(handler_until_.at());
  if (in_.empty()) {
    watching_ = true;
    stream_->watch_hangup([this] { on_hangup(); });
  }
}

void connection::on_hangup() {
  if (!in_handler_ || interrupted_ == interruption::deadline) return;
  interrupted_ = interruption::hangup;
  detail::cancel(cancel_);
}

task<bool> connection::stream_body(const response& from) {
  const bool chunked = !head_.http_1_0;
  append_head(from, std::nullopt, chunked && decide_keep_alive(from), chunked);
  if (!co_await flush()) co_return false;
  const auto how = chunked ? body_writer::framing::chunked : body_writer::framing::until_close;
  body_writer writer{*stream_, how, limits_, shard_.draining()};
  in_handler_ = true;
  interrupted_ = interruption::none;
  handler_until_ = deadline::never();
  watching_ = in_.empty();
  if (watching_) stream_->watch_hangup([this] { on_hangup(); });
  std::exception_ptr failure;
  try {
    auto work = from.writer()(writer);
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  in_handler_ = false;
  if (std::exchange(watching_, false)) stream_->unwatch_hangup();
  if (interrupted_ == interruption::hangup) {
    co_await asio::this_coro::reset_cancellation_state();
    co_return false;
  }
  if (failure) {
    if (detail::is_cancellation(failure)) std::rethrow_exception(failure);  // the server's end
    failed(failure);
    co_return false;  // cut off without the last chunk: the client can tell
  }
  co_await writer.finish();
  const bool whole = chunked && writer.ok();
  co_return whole;
}

/// For what is wrong with the request itself: said, then the connection ends.
task<connection::outcome> connection::refuse(status code) {
  auto& shared = shard_.shared();
  const auto began = request_began_ == time_point{} ? shard_.home().now() : request_began_;
  const auto now = shard_.home().now();
  shared.metrics.on_answer(matched_, head_.method_text, head_.method, code, now - began, {}, now);
  shared.log.write(telemetry::log_level::info, "request refused",
                   {{"status", static_cast<std::int64_t>(code)}, {"path", shown_path()}, {"peer", peer_}});
  auto made = error_response(code, code == status::request_timeout ? "The request took too long to arrive"
                                                                   : "This request cannot be served as it is");
  append_head(made, made.content().size(), false, false);
  if (head_.method != method::head) out_.append(made.content());
  if (co_await flush()) co_await linger();
  co_return outcome::close;
}

bool connection::decide_keep_alive(const response& from) const {
  return parser_->keeps_alive() && !from.closes() && !shard_.draining().is_set();
}

void connection::append_head(const response& from, std::optional<std::size_t> length, bool keep, bool chunked) {
  const response_framing how{.length = length, .chunked = chunked, .keep_alive = keep, .to_http_1_0 = head_.http_1_0};
  const auto& settings = shard_.shared().settings;
  const bool came_by_tls = !settings.common_fields_over_tls.empty() &&
                           head_.find("x-forwarded-proto").value_or(std::string_view{}) == "https";
  append_response_head(out_, from, how, shard_.date_line(),
                       came_by_tls ? settings.common_fields_over_tls : settings.common_fields);
}

task<bool> connection::append_answer(const response& from, bool keep) {
  const auto content = from.content();
  append_head(from, from.writer() ? std::nullopt : std::optional{content.size()}, keep, false);
  if (head_.method == method::head || !may_have_body(from.code())) co_return true;
  if (content.size() <= largest_copied_body) {
    out_.append(content);
    // Not `a || co_await b`: in a `co_return`, GCC 12 awaits the second whatever the first is.
    if (out_.size() < most_batched) co_return true;
    co_return co_await flush();
  }
  stream_->set_deadline(deadline::after(shard_.home().now(), limits_.time_for(limits_.write_time, content.size())));
  const net::const_buffers pieces{asio::buffer(out_), asio::buffer(content.data(), content.size())};
  const auto sent = co_await net::write_all(*stream_, pieces);
  out_.clear();
  co_return sent.has_value();
}

/// Sends what can be sent without waiting; whether that was all.
bool connection::flush_at_once() {
  if (out_.empty()) return true;
  const net::const_buffers pieces{asio::buffer(out_), asio::const_buffer{}};
  const auto sent = stream_->try_write(pieces);
  if (!sent) return false;  // to be met again, or waited for, by `flush`
  out_.erase(0, *sent);
  return out_.empty();
}

task<bool> connection::flush() {
  if (flush_at_once()) co_return true;
  stream_->set_deadline(deadline::after(shard_.home().now(), limits_.time_for(limits_.write_time, out_.size())));
  const net::const_buffers rest{asio::buffer(out_), asio::const_buffer{}};
  const auto sent = co_await net::write_all(*stream_, rest);
  out_.clear();
  co_return sent.has_value();
}

void connection::report(const request_context& context, const route* matched, status code, time_point started) {
  const auto now = shard_.home().now();
  const auto took = now - started;
  auto& shared = shard_.shared();
  shared.metrics.on_answer(matched, head_.method_text, head_.method, code, took, context.trace(), now);
  const auto level = matched && matched->is_probe ? telemetry::log_level::debug : telemetry::log_level::info;
  if (!shared.log.writes(level)) return;
  const auto trace = context.trace_id().hex();
  shared.log.write(level, "request",
                   {{"id", context.id()},
                    {"trace_id", std::string_view{trace.data(), trace.size()}},
                    {"method", head_.method_text},
                    {"path", shown_path()},
                    {"route", matched ? std::string_view{matched->pattern} : std::string_view{"unmatched"}},
                    {"status", static_cast<std::int64_t>(code)},
                    {"duration_ms", milliseconds_of(took)},
                    {"remaining_ms", milliseconds_of(context.until().remaining(now))},
                    {"peer", peer_}});
}

/// The exception goes to the log; the client learns nothing of it.
response connection::failed(const std::exception_ptr& failure) {
  const auto what = what_of(failure);
  shard_.shared().log.write(telemetry::log_level::error, "a handler threw",
                            {{"path", shown_path()}, {"what", std::string_view{what}}});
  return error_response(status::internal_server_error, "Something went wrong here");
}

}  // namespace cohort::http
