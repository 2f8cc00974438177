#include "core/http/connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <cstring>

#include "core/http/body_writer.hpp"
#include "core/http/remaining_time.hpp"

namespace cohort::http {
namespace {

constexpr std::size_t first_buffer = 4 * 1024;
/// Pipelined answers are sent together up to here.
constexpr std::size_t most_batched = 64 * 1024;
/// A body above this is sent from where it lies instead of being copied behind its head.
constexpr std::size_t largest_copied_body = 16 * 1024;
/// A handler that takes longer is worth watching its client for; most are done before.
constexpr duration hangup_grace = std::chrono::milliseconds{10};
/// A client that was told to keep its connection may be sending its next request just as we begin to drain. It is
/// answered, with `Connection: close`; who sends nothing for so long is idle.
constexpr duration drain_grace = std::chrono::milliseconds{250};
/// How long and how much of a client that still sends is read after the last answer, so that the answer is not lost in
/// a reset (RFC 9112 section 9.6).
constexpr duration linger_time = std::chrono::seconds{1};
constexpr std::size_t linger_bytes = 256 * 1024;

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

bool may_have_body(status code) noexcept {
  return code != status::no_content && code != status::not_modified && static_cast<unsigned>(code) >= 200;
}

/// What may go into a log line and upstream as it is.
bool is_sane_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > 128) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

/// To the microsecond: more would only look exact.
double milliseconds_of(duration span) noexcept {
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(span).count()) / 1000;
}

void append_number(std::string& to, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

connection::connection(server_shard& shard, net::stream_ptr client, asio::cancellation_signal& cancel)
    : shard_(shard),
      limits_(shard.shared().settings.limits),
      stream_(std::move(client)),
      cancel_(cancel),
      peer_(stream_->peer_address()),
      handler_timer_(shard.home().timers(), this) {
  shard_.open_.push_back(this);
  shard_.shared().metrics.connections.add(1);
  shard_.shared().metrics.connections_total.increment();
}

connection::~connection() {
  std::erase(shard_.open_, this);
  shard_.shared().metrics.connections.add(-1);
}

task<> connection::run() {
  for (;;) {
    if (!co_await read_head()) break;
    const auto next = co_await answer();
    if (next == outcome::keep) continue;
    if (!co_await flush()) break;
    if (next == outcome::linger) co_await linger();
    break;
  }
  stream_->close();
}

void connection::drain() {
  if (idle_) stream_->set_deadline(deadline::after(shard_.home().now(), drain_grace));
}

// ---- reading

task<bool> connection::read_head() {
  scanner_.reset();
  head_.clear();  // its views are of the last request, whose bytes may go now
  if (begin_ == end_) begin_ = end_ = 0;
  request_began_ = begin_ == end_ ? time_point{} : shard_.home().now();
  bool may_skip = true;
  for (;;) {
    // RFC 9112 section 2.2: an empty line before the request line is skipped, however it was cut on the way.
    if (may_skip && unread().starts_with("\r\n")) {
      begin_ += 2;
      scanner_.reset();
      may_skip = false;
    }
    const auto state = scanner_.scan(unread());
    if (state == head_scanner::state::complete) co_return true;
    if (state == head_scanner::state::bare_line_feed) {
      co_await refuse(status::bad_request);
      co_return false;
    }
    const auto size = end_ - begin_;
    if (!scanner_.has_start_line() && size > limits_.target_bytes + 64) {
      co_await refuse(status::uri_too_long);
      co_return false;
    }
    if (size >= limits_.header_bytes) {
      co_await refuse(status::request_header_fields_too_large);
      co_return false;
    }
    const auto now = shard_.home().now();
    if (size == 0) {
      const auto patience = shard_.draining().is_set() ? drain_grace : limits_.idle_time;
      if (!co_await fill(deadline::after(now, patience), true)) co_return false;
      request_began_ = shard_.home().now();
    } else if (!co_await fill(deadline::after(request_began_, limits_.header_time), false)) {
      co_return false;
    }
  }
}

/// Reads more; false if the connection is over, a 408 or nothing having been said.
task<bool> connection::fill(deadline until, bool waits_for_request) {
  if (!co_await flush()) co_return false;
  if (!make_room()) {  // a chunk's header that fills it all
    co_await refuse(status::bad_request);
    co_return false;
  }
  stream_->set_deadline(until);
  idle_ = waits_for_request;
  auto reading = stream_->read_some(asio::buffer(in_.get() + end_, capacity_ - end_));
  const auto got = co_await std::move(reading);
  idle_ = false;
  if (got) {
    end_ += *got;
    co_return true;
  }
  if (got.error() == asio::error::timed_out && !waits_for_request) co_await refuse(status::request_timeout);
  co_return false;
}

bool connection::make_room() {
  if (end_ < capacity_) return true;
  if (begin_ > 0) {
    std::memmove(in_.get(), in_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  // The header must lie in one piece; more than that never has to.
  const auto wanted = capacity_ == 0 ? first_buffer : std::min(capacity_ * 2, limits_.header_bytes);
  if (wanted <= capacity_) return false;
  auto larger = std::make_unique<char[]>(wanted);
  if (end_ > 0) std::memcpy(larger.get(), in_.get(), end_);
  in_ = std::move(larger);
  capacity_ = wanted;
  return true;
}

/// All of the body into `body_`.
task<bool> connection::read_body() {
  const auto announced = parser_->announced_length();
  const auto time = limits_.time_for(limits_.body_time, announced.value_or(limits_.body_bytes));
  const auto until = deadline::after(shard_.home().now(), time);
  const bool expects_continue =
      !head_.http_1_0 && same_name(head_.find(field::expect).value_or(std::string_view{}), "100-continue");
  if (expects_continue && begin_ == end_) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (announced) body_.reserve(*announced);
  set_head_aside();
  for (;;) {
    request_parser::verdict wrong;
    if (begin_ < end_) begin_ += parser_->parse_body(unread(), wrong);
    if (wrong) {
      co_await refuse(*wrong);
      co_return false;
    }
    if (!parser_->has_body()) co_return true;
    if (begin_ == end_) begin_ = end_ = 0;
    if (!co_await fill(until, false)) co_return false;
  }
}

/// Goes on reading into another buffer: the views of `head_` stay good in the old one until the next body.
void connection::set_head_aside() {
  if (spare_capacity_ < capacity_) {
    spare_ = std::make_unique<char[]>(capacity_);
    spare_capacity_ = capacity_;
  }
  std::memcpy(spare_.get(), in_.get() + begin_, end_ - begin_);
  std::swap(in_, spare_);
  std::swap(capacity_, spare_capacity_);
  end_ -= begin_;
  begin_ = 0;
}

// ---- answering

task<connection::outcome> connection::answer() {
  body_.clear();
  parser_.emplace(limits_, head_, body_);
  const auto head_bytes = unread().substr(0, scanner_.length());
  if (const auto wrong = parser_->parse_head(head_bytes)) co_return co_await refuse(*wrong);
  begin_ += head_bytes.size();

  const auto started = shard_.home().now();
  request_context context{head_, peer_};
  std::string own_id;
  if (const auto given = head_.find("x-request-id"); given && is_sane_id(*given)) {
    context.set_id(*given);
  } else {
    own_id = shard_.make_request_id();
    context.set_id(own_id);
  }
  const auto* matched = shard_.shared().routes.match(context);
  auto limit = matched && matched->limit ? std::min(*matched->limit, limits_.request_time) : limits_.request_time;
  if (const auto left = head_.find(remaining_time_field))
    limit = std::min(limit, parse_remaining_time(*left).value_or(limit));
  context.set_until(deadline::after(started, limit));

  const in_flight counted{shard_.shared().metrics.requests_in_flight};
  interrupted_ = interruption::none;
  auto made = co_await make_answer(context, matched);
  if (!made) {
    if (interrupted_ == interruption::hangup) report(context, matched, client_closed_request, started);
    co_return outcome::close;
  }
  report(context, matched, made->code(), started);

  const bool body_unread = parser_->has_body();
  const bool keep = !body_unread && decide_keep_alive(*made);
  if (made->writer() && head_.method != method::head) {
    co_return co_await stream_body(*made) && keep ? outcome::keep : outcome::close;
  }
  if (!co_await append_answer(*made, keep)) co_return outcome::close;
  if (keep) co_return outcome::keep;
  // A client that goes on sending must not have its answer cut off by a reset.
  co_return body_unread || shard_.draining().is_set() ? outcome::linger : outcome::close;
}

/// Nothing when the client is gone, or has been told already what was wrong with its body.
task<std::optional<response>> connection::make_answer(request_context& context, const route* matched) {
  try {
    if (!matched || !matched->is_probe) {
      for (const auto& check : shard_.shared().routes.filters()) {
        if (auto early = check(context, matched ? std::string_view{matched->pattern} : "unmatched")) {
          co_return early;
        }
      }
    }
    if (head_.method == method::unknown) co_return unknown_method();
    if (!matched) co_return no_such_route();
    const auto* handle = matched->find(head_.method);
    if (!handle) co_return method_not_allowed(*matched);
    if (parser_->has_body() && !co_await read_body()) co_return std::nullopt;
    context.set_body(body_);
    if (const auto* immediate = std::get_if<immediate_handler>(handle)) co_return (*immediate)(context);
    co_return co_await run_handler(context, std::get<awaiting_handler>(*handle));
  } catch (...) {
    const auto failure = std::current_exception();
    if (detail::is_cancellation(failure)) throw;  // the server's end
    fail(failure);
  }
  co_return error_response(status::internal_server_error, "Something went wrong here");
}

task<std::optional<response>> connection::run_handler(request_context& context, const awaiting_handler& handle) {
  // Earlier answers of a pipeline must not wait for this one.
  if (!co_await flush()) co_return std::nullopt;
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
    co_return made;
  }
  // The signal has done its work; this task goes on, if only to say so.
  co_await asio::this_coro::reset_cancellation_state();
  if (interrupted_ == interruption::hangup) {
    shard_.shared().metrics.abandoned_total.increment();
    co_return std::nullopt;
  }
  shard_.shared().metrics.deadline_exceeded_total.increment();
  if (failure && !detail::is_cancellation(failure)) fail(failure);
  if (made) co_return made;
  co_return error_response(status::gateway_timeout, "There was no answer in time");
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
  if (begin_ == end_) {
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
  body_writer writer{*stream_, how, limits_.write_time, shard_.draining()};
  in_handler_ = true;
  interrupted_ = interruption::none;
  handler_until_ = deadline::never();
  watching_ = begin_ == end_;
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
    fail(failure);
    co_return false;  // cut off without the last chunk: the client can tell
  }
  co_await writer.finish();
  co_return chunked&& writer.ok();
}

/// For what is wrong with the request itself: said, then the connection ends.
task<connection::outcome> connection::refuse(status code) {
  shard_.shared().metrics.on_answer(nullptr, head_.method_text, head_.method, code, duration::zero());
  auto made = error_response(code, code == status::request_timeout ? "The request took too long to arrive"
                                                                   : "This request cannot be served as it is");
  append_head(made, made.content().size(), false, false);
  out_.append(made.content());
  if (co_await flush()) co_await linger();
  co_return outcome::close;
}

bool connection::decide_keep_alive(const response& from) const {
  return parser_->keeps_alive() && !from.closes() && !shard_.draining().is_set();
}

void connection::append_head(const response& from, std::optional<std::size_t> length, bool keep, bool chunked) {
  const auto code = static_cast<unsigned>(from.code());
  out_ += "HTTP/1.1 ";
  append_number(out_, code);
  out_ += ' ';
  out_ += boost::beast::http::obsolete_reason(from.code());
  out_ += "\r\n";
  out_ += shard_.date_line();
  if (!from.content_type().empty()) out_.append("Content-Type: ").append(from.content_type()).append("\r\n");
  if (chunked) {
    out_ += "Transfer-Encoding: chunked\r\n";
  } else if (length && may_have_body(from.code())) {
    out_ += "Content-Length: ";
    append_number(out_, *length);
    out_ += "\r\n";
  }
  if (!keep) {
    out_ += "Connection: close\r\n";
  } else if (head_.http_1_0) {
    out_ += "Connection: keep-alive\r\n";
  }
  out_ += from.extra_fields();
  out_ += shard_.shared().settings.common_fields;
  out_ += "\r\n";
}

task<bool> connection::append_answer(const response& from, bool keep) {
  const auto content = from.content();
  append_head(from, from.writer() ? std::nullopt : std::optional{content.size()}, keep, false);
  if (head_.method == method::head || !may_have_body(from.code())) co_return true;
  if (content.size() <= largest_copied_body) {
    out_.append(content);
    co_return out_.size() < most_batched || co_await flush();
  }
  stream_->set_deadline(deadline::after(shard_.home().now(), limits_.time_for(limits_.write_time, content.size())));
  const net::const_buffers pieces{asio::buffer(out_), asio::buffer(content.data(), content.size())};
  const auto sent = co_await net::write_all(*stream_, pieces);
  out_.clear();
  co_return sent.has_value();
}

task<bool> connection::flush() {
  if (out_.empty()) co_return true;
  const net::const_buffers pieces{asio::buffer(out_), asio::const_buffer{}};
  const auto at_once = stream_->try_write(pieces);
  if (at_once && *at_once == out_.size()) {
    out_.clear();
    co_return true;
  }
  stream_->set_deadline(deadline::after(shard_.home().now(), limits_.time_for(limits_.write_time, out_.size())));
  const auto done = at_once ? *at_once : 0;
  const net::const_buffers rest{asio::buffer(out_) + done, asio::const_buffer{}};
  const auto sent = co_await net::write_all(*stream_, rest);
  out_.clear();
  co_return sent.has_value();
}

task<> connection::linger() {
  stream_->shutdown_write();
  stream_->set_deadline(deadline::after(shard_.home().now(), linger_time));
  std::size_t discarded = 0;
  if (capacity_ == 0 && !make_room()) co_return;
  while (discarded < linger_bytes) {
    auto reading = stream_->read_some(asio::buffer(in_.get(), capacity_));
    const auto got = co_await std::move(reading);
    if (!got) co_return;
    discarded += *got;
  }
}

void connection::report(const request_context& context, const route* matched, status code, time_point started) {
  const auto now = shard_.home().now();
  const auto took = now - started;
  auto& shared = shard_.shared();
  shared.metrics.on_answer(matched, head_.method_text, head_.method, code, took);
  const auto level = matched && matched->is_probe ? telemetry::log_level::debug : telemetry::log_level::info;
  if (!shared.log.writes(level)) return;
  shared.log.write(level, "request",
                   {{"id", context.id()},
                    {"method", head_.method_text},
                    {"path", head_.path},
                    {"route", matched ? std::string_view{matched->pattern} : std::string_view{"unmatched"}},
                    {"status", static_cast<std::int64_t>(code)},
                    {"duration_ms", milliseconds_of(took)},
                    {"remaining_ms", milliseconds_of(context.until().remaining(now))},
                    {"peer", peer_}});
}

void connection::fail(const std::exception_ptr& failure) {
  std::string what = "unknown";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  shard_.shared().log.write(telemetry::log_level::error, "a handler threw",
                            {{"path", head_.path}, {"what", std::string_view{what}}});
}

}  // namespace cohort::http
