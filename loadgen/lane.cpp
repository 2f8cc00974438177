#include "loadgen/lane.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>

#include "core/http/remaining_time.hpp"
#include "core/http/response_parser.hpp"

namespace cohort::loadgen {
namespace {

/// More than this wait for a connection only where the server is long lost: what memory they take is bounded.
constexpr std::size_t most_waiting = 1 << 18;
/// For the buffers of a worker's connections to all targets.
constexpr std::size_t buffers_in_all = std::size_t{32} << 20;

/// Before one answer; who sends more has no end to it.
constexpr unsigned most_interim = 100;

std::size_t buffer_bytes(std::size_t connections, std::size_t targets) {
  return std::clamp<std::size_t>(buffers_in_all / std::max<std::size_t>(connections * targets, 1), 4096, 16384);
}

/// A kept connection that has been idle for less is not asked whether the server has closed it: that is a system call.
constexpr duration trusted_idle_time = std::chrono::milliseconds{1};
/// In a closed loop, after a connection that could not be made: else it would only count failures, as fast as it can.
constexpr duration pause_after_failure = std::chrono::milliseconds{100};

outcome outcome_of_status(unsigned code) noexcept {
  if (code < 200 || code > 599) return outcome::protocol;
  if (code == 429) return outcome::status_429;
  if (code == 503) return outcome::status_503;
  if (code < 300) return outcome::status_2xx;
  if (code < 400) return outcome::status_3xx;
  return code < 500 ? outcome::status_4xx : outcome::status_5xx;
}

outcome outcome_of_connecting(http::client_error why) noexcept {
  using enum http::client_error;
  switch (why) {
    case resolve_failed:
    case resolve_timeout: return outcome::dns;
    case connect_refused: return outcome::connect_refused;
    case connect_timeout: return outcome::connect_timeout;
    case no_descriptor: return outcome::local_fd;
    case no_local_port: return outcome::local_port;
    case tls_failed:
    case tls_bad_certificate:
    case tls_timeout: return outcome::tls;
    case cancelled: return outcome::unfinished;
    default: return outcome::connect_other;
  }
}

/// The request as every connection sends it.
std::string wire_text(const target& to, const load_settings& settings) {
  auto request = to.request;
  const auto has = [&](std::string_view name) {
    return std::any_of(request.fields.begin(), request.fields.end(),
                       [&](const auto& each) { return http::same_name(each.first, name); });
  };
  if (!has("user-agent")) request.fields.emplace_back("User-Agent", "cohort-loadgen/" COHORT_VERSION);
  // What is measured is the server, not how fast this side unpacks.
  if (!has("accept-encoding")) request.fields.emplace_back("Accept-Encoding", "identity");
  if (!settings.keep_alive) request.fields.emplace_back("Connection", "close");
  if (settings.time_limit) {
    const auto from = time_point{};
    request.fields.emplace_back(http::remaining_time_field,
                                http::format_remaining_time(deadline::after(from, *settings.time_limit), from));
  }
  return http::serialised(request);
}

outcome outcome_of_reading(const error_code& failed, bool is_untouched_reuse) noexcept {
  if (failed == asio::error::timed_out) return outcome::timeout;
  if (failed == asio::error::operation_aborted) return outcome::unfinished;
  if (is_untouched_reuse) return outcome::stale_reuse;
  return failed == asio::error::eof ? outcome::early_eof : outcome::reset;
}

/// Reads one answer and keeps no more of it than has to be looked at.
class answer_reader {
 public:
  explicit answer_reader(const target& to)
      : expected_(to.expected_text), to_head_(to.request.verb == http::method::head) {
    begin();
  }

  /// Uses what it can of the first `held` bytes, and moves the others to the front; says how many those are.
  std::size_t feed(std::string& buffer, std::size_t held) {
    std::size_t used = 0;
    while (used < held && !parser_->done() && !wrong_) {
      const auto taken = parser_->parse(std::string_view{buffer}.substr(used, held - used), wrong_);
      if (taken == 0) break;
      used += taken;
      // Interim answers come before the one that is meant (RFC 9110 section 15.2).
      if (!parser_->done() || status() >= 200 || status() == 101) continue;
      if (++interim_ > most_interim) wrong_ = http::client_error::answer_malformed;
      begin();
    }
    if (used < held) std::memmove(buffer.data(), buffer.data() + used, held - used);
    return held - used;
  }

  bool done() const { return parser_->done(); }
  bool is_wrong() const noexcept { return wrong_.has_value(); }
  /// Whether the connection's end is this answer's.
  bool may_end_here() { return parser_->head_done() && !parser_->end(); }
  bool keeps_alive() { return parser_->done() && status() != 101 && parser_->keeps_alive(); }
  unsigned status() { return parser_->answer().code_number; }
  outcome judged() {
    const auto what = outcome_of_status(status());
    const bool as_expected = expected_.empty() || parser_->answer().body.find(expected_) != std::string::npos;
    return is_success(what) && !as_expected ? outcome::body_check : what;
  }

 private:
  void begin() {
    const bool looks_inside = !expected_.empty();
    constexpr std::size_t header_bytes = 64 * 1024;
    constexpr std::size_t most_looked_into = std::size_t{16} << 20;
    const std::size_t body_bytes = looks_inside ? most_looked_into : SIZE_MAX;
    parser_.emplace(http::response_parser::limits{header_bytes, body_bytes, false, looks_inside}, to_head_);
  }

  const std::string& expected_;
  bool to_head_;
  std::optional<http::response_parser> parser_;
  std::optional<http::client_error> wrong_;
  unsigned interim_ = 0;
};

}  // namespace

/// A place for a connection, with what is kept of it between requests.
class lane::connection {
 public:
  explicit connection(lane& of) : owner(of) { ++owner.open_connections_; }
  ~connection() { --owner.open_connections_; }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  bool reused() const noexcept { return answers > 0; }
  /// Bytes that nobody asked for, or the server's end: of no use any more.
  bool is_dead(time_point now) const { return now - idle_since > trusted_idle_time && stream->readable(); }
  void close() noexcept {
    stream.reset();
    answers = 0;
  }

  lane& owner;
  net::stream_ptr stream;
  std::string buffer;
  std::size_t answers = 0;
  time_point idle_since{};
};

/// A request that was started. Whatever happens it becomes something: unfinished, if nobody says otherwise.
class lane::open_request {
 public:
  open_request(lane& of, const pending_request& which) : times(which), owner_(of) { ++owner_.shared_.in_flight; }
  ~open_request() {
    if (!ended_) end({outcome::unfinished});
  }
  open_request(const open_request&) = delete;
  open_request& operator=(const open_request&) = delete;

  time_point until() const noexcept { return times.intended + owner_.shared_.settings.timeout; }
  void on_sent() {
    sent = owner_.shared_.home.now();
    auto& of = owner_.tally_of(times);
    ++of.sent;
    of.connection_wait.record(sent - times.woke);
  }
  void end(const attempt_end& how);

  const pending_request times;
  time_point sent{};

 private:
  lane& owner_;
  bool ended_ = false;
};

void lane::open_request::end(const attempt_end& how) {
  ended_ = true;
  auto& shared = owner_.shared_;
  const auto now = shared.home.now();
  auto& of = owner_.tally_of(times);
  ++of.outcomes[static_cast<std::size_t>(how.what)];
  if (how.status != 0) ++of.statuses[how.status];
  if (is_answer(how.what)) {
    of.response.record(now - times.intended);
    of.service.record(now - sent);
    const auto& limit = shared.settings.time_limit;
    of.on_time += is_success(how.what) && limit && now - times.intended <= *limit ? 1 : 0;
  } else if (how.what == outcome::unfinished || now >= until()) {
    // Nobody waited longer, so nobody knows how long it would have taken.
    of.response.record_at_least(now - times.intended);
  }
  shared.last_end = now;
  --shared.in_flight;
  if (--shared.outstanding == 0) shared.idle.notify_all();
}

lane::lane(lane_context& shared, const target& to, std::size_t index, std::size_t most_connections)
    : shared_(shared),
      target_(to),
      origin_(http::origin_of(to.request.url).value()),
      index_(index),
      most_connections_(most_connections),
      buffer_bytes_(buffer_bytes(most_connections, shared.settings.targets.size())),
      wire_text_(wire_text(to, shared.settings)) {}

lane::~lane() = default;

void lane::start(const pending_request& request) {
  auto& of = tally_of(request);
  ++of.planned;
  of.dispatch_lag.record(request.woke - request.intended);
  ++shared_.outstanding;
  if (!parked_.empty()) {
    auto next = std::move(parked_.back());
    parked_.pop_back();
    next.post(request);
  } else if (open_connections_ < most_connections_) {
    shared_.connections.spawn(serve(*this, request));
  } else if (waiting_.size() < most_waiting) {
    waiting_.push_back(request);
  } else {
    give_up(request);
  }
}

void lane::open_all() {
  for (std::size_t i = 0; i < most_connections_; ++i) {
    const auto now = shared_.home.now();
    start({now, now, 0});
  }
}

void lane::drop_expired() {
  const auto now = shared_.home.now();
  while (!waiting_.empty() && waiting_.front().intended + shared_.settings.timeout <= now) {
    give_up(waiting_.front());
    waiting_.pop_front();
  }
}

void lane::finish() {
  while (!waiting_.empty()) {
    give_up(waiting_.front());
    waiting_.pop_front();
  }
  for (auto& each : std::exchange(parked_, {})) each.post(std::nullopt);
}

void lane::give_up(const pending_request& request) {
  const auto now = shared_.home.now();
  auto& of = tally_of(request);
  ++of.outcomes[static_cast<std::size_t>(outcome::unsent)];
  of.response.record_at_least(now - request.intended);
  shared_.last_end = now;
  if (--shared_.outstanding == 0) shared_.idle.notify_all();
}

lane::job lane::next_waiting() {
  if (shared_.settings.closed_loop) {
    const auto now = shared_.home.now();
    if (shared_.stopping || now >= shared_.closes_at) return std::nullopt;
    const pending_request next{now, now, 0};
    ++tally_of(next).planned;
    ++shared_.outstanding;
    return next;
  }
  drop_expired();
  if (waiting_.empty()) return std::nullopt;
  const auto next = waiting_.front();
  waiting_.pop_front();
  return next;
}

task<> lane::serve(lane& self, pending_request first) {
  connection mine{self};
  job next = first;
  while (next) {
    bool failed = false;
    {
      open_request request{self, *next};
      const auto end = co_await attempt(mine, request);
      request.end(end);
      mine.idle_since = self.shared_.last_end;
      failed = !is_answer(end.what);
    }
    if (failed && self.shared_.settings.closed_loop && !self.shared_.stopping) {
      auto pause = sleep_for(pause_after_failure);
      co_await std::move(pause);
    }
    next = self.next_waiting();
    if (next || self.shared_.stopping || self.shared_.settings.closed_loop) continue;
    auto parking = operation<job>([&self](completion<job> done) { self.parked_.push_back(std::move(done)); });
    next = co_await std::move(parking);
  }
}

task<lane::attempt_end> lane::attempt(connection& on, open_request& request) {
  auto& shared = on.owner.shared_;
  if (on.stream && on.is_dead(shared.home.now())) on.close();
  if (!on.stream) {
    // Those that are meant to start at the same moment start first: to connect takes longer than that.
    auto turn = take_turn();
    co_await std::move(turn);
  }
  if (shared.home.now() >= request.until()) co_return attempt_end{outcome::unsent};
  if (!on.stream) {
    auto made = co_await shared.connector.connect(on.owner.origin_, deadline{request.until()});
    if (!made) co_return attempt_end{outcome_of_connecting(made.error())};
    on.stream = std::move(*made);
    ++on.owner.tally_of(request.times).connections_opened;
  }
  on.stream->set_deadline(deadline{request.until()});
  const auto not_sent = co_await send(on, request);
  if (not_sent) {
    on.close();
    co_return *not_sent;
  }
  co_return co_await receive(on, request);
}

task<std::optional<lane::attempt_end>> lane::send(connection& on, open_request& request) {
  const std::string_view text = on.owner.wire_text_;
  const auto tried = on.stream->try_write({asio::buffer(text), asio::const_buffer{}});
  const std::size_t gone = tried ? *tried : 0;
  if (gone < text.size()) {
    const net::const_buffers rest{asio::buffer(text.substr(gone)), asio::const_buffer{}};
    const auto sent = co_await net::write_all(*on.stream, rest);
    if (!sent) {
      if (sent.error() == asio::error::timed_out) co_return attempt_end{outcome::timeout};
      if (sent.error() == asio::error::operation_aborted) co_return attempt_end{outcome::unfinished};
      co_return attempt_end{on.reused() ? outcome::stale_reuse : outcome::write};
    }
  }
  request.on_sent();
  co_return std::nullopt;
}

task<lane::attempt_end> lane::receive(connection& on, open_request& request) {
  answer_reader reader{on.owner.target_};
  // Only now: its pages take longer than a request takes to start.
  on.buffer.resize(on.owner.buffer_bytes_);
  std::size_t held = 0;
  bool any_byte = false;
  while (!reader.done()) {
    auto reading = on.stream->read_some(asio::buffer(on.buffer.data() + held, on.buffer.size() - held));
    const auto got = co_await std::move(reading);
    if (got) {
      any_byte = true;
      held += *got;
      on.owner.tally_of(request.times).bytes_received += *got;
      held = reader.feed(on.buffer, held);
      if (!reader.is_wrong() && held < on.buffer.size()) continue;
    } else if (got.error() == asio::error::eof && reader.may_end_here()) {
      break;
    }
    const auto what = got ? outcome::protocol : outcome_of_reading(got.error(), !any_byte && on.reused());
    on.close();
    co_return attempt_end{what};
  }
  if (held == 0 && on.owner.shared_.settings.keep_alive && reader.keeps_alive()) {
    ++on.answers;
  } else {
    on.close();
  }
  co_return attempt_end{reader.judged(), reader.status()};
}

}  // namespace cohort::loadgen
