// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/target_client.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/runtime/version.hpp>
#include "loadgen/client/response_reader.hpp"
#include "loadgen/client/yield_to_loop.hpp"

namespace cohort::loadgen {
namespace {

/// Maximum number of waiting requests, to bound the memory if the server does not respond.
constexpr std::size_t max_queued_requests = 1 << 18;
/// Total size of the initial receive buffers of a worker's connections.
constexpr std::size_t max_buffer_bytes = std::size_t{32} << 20;
/// Minimum idle time after which a connection is checked before its reuse. The check whether the server has closed the
/// connection is a system call.
constexpr duration min_checked_idle_time = std::chrono::milliseconds{1};
/// Maximum number of times that the pause before a retry doubles.
constexpr unsigned max_backoff_doublings = 10;

std::size_t initial_buffer_size(std::size_t connections, std::size_t targets) {
  return std::clamp<std::size_t>(max_buffer_bytes / std::max<std::size_t>(connections * targets, 1), 4096, 16384);
}

request_outcome outcome_of_connect_error(http::client_error error) noexcept {
  using enum http::client_error;
  switch (error) {
    case resolve_failed:
    case resolve_timeout: return request_outcome::dns;
    case connect_refused: return request_outcome::connect_refused;
    case connect_timeout: return request_outcome::connect_timeout;
    case no_file_descriptor: return request_outcome::local_fd;
    case no_local_port: return request_outcome::local_port;
    case tls_failed:
    case tls_certificate_invalid:
    case tls_timeout: return request_outcome::tls;
    case cancelled: return request_outcome::unfinished;
    default: return request_outcome::connect_other;
  }
}

request_outcome outcome_of_read_error(const error_code& error, bool is_stale) noexcept {
  if (error == asio::error::timed_out) return request_outcome::timeout;
  if (error == asio::error::operation_aborted) return request_outcome::unfinished;
  if (is_stale) return request_outcome::stale_reuse;
  return error == asio::error::eof ? request_outcome::early_eof : request_outcome::reset;
}

request_outcome outcome_of_write_error(const error_code& error, bool is_reused) noexcept {
  if (error == asio::error::timed_out) return request_outcome::timeout;
  if (error == asio::error::operation_aborted) return request_outcome::unfinished;
  return is_reused ? request_outcome::stale_reuse : request_outcome::write;
}

/// The serialized request to a target, with the default header fields. `time_left`: time until the deadline, if any.
std::string serialize_request(const target& target, const load_settings& settings, std::optional<duration> time_left) {
  auto request = target.request;
  const auto has_field = [&](std::string_view name) {
    return std::any_of(request.fields.begin(), request.fields.end(),
                       [&](const auto& field) { return http::iequals(field.first, name); });
  };
  if (!has_field("user-agent")) request.fields.emplace_back("User-Agent", "cohort-loadgen/" + std::string{version()});
  // Requests no compression, because the service time must not include the decompression of a body.
  if (!has_field("accept-encoding")) request.fields.emplace_back("Accept-Encoding", "identity");
  if (!settings.keep_alive) request.fields.emplace_back("Connection", "close");
  if (time_left) {
    const time_point now{};
    request.fields.emplace_back(http::envoy_timeout_field,
                                http::format_envoy_timeout(deadline::after(now, *time_left), now));
  }
  return std::string{std::string_view{http::serialize(request)}};
}

}  // namespace

/// One of the client's connections. The object outlives its stream, and opens a new stream on demand.
class target_client::connection {
 public:
  explicit connection(target_client& client) : owner(client), buffer(client.buffer_size_) {
    ++owner.open_connection_count_;
  }
  ~connection() { --owner.open_connection_count_; }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  bool is_reused() const noexcept { return response_count > 0; }
  /// Whether the idle stream is readable: the server has closed the connection, or sent bytes without a request.
  bool is_stale(time_point now) const { return now - idle_since > min_checked_idle_time && stream->is_readable(); }
  void close() noexcept {
    stream.reset();
    response_count = 0;
  }
  /// Keeps the connection open for the next request if `keep_alive` is true.
  void end_exchange(bool keep_alive) {
    if (buffer.empty() && keep_alive) {
      ++response_count;
    } else {
      close();
    }
    buffer.reset();
  }

  target_client& owner;
  net::stream_ptr stream;
  receive_buffer buffer;
  /// The serialized request of a retry, whose deadline header contains a shorter time than that of the first attempt.
  std::string serialized_retry_request;
  std::size_t response_count = 0;
  time_point idle_since{};
};

target_client::target_client(client_context& context, std::size_t target_index, std::size_t max_connections)
    : context_(context),
      target_(context.settings.targets[target_index]),
      origin_(http::origin_of(target_.request.url).value()),
      target_index_(target_index),
      max_connections_(max_connections),
      buffer_size_(initial_buffer_size(max_connections, context.settings.targets.size())),
      serialized_request_(serialize_request(target_, context.settings, context.settings.deadline)) {}

target_client::~target_client() = default;

void target_client::submit(const scheduled_request& request) {
  if (!idle_connections_.empty()) {
    auto connection = std::move(idle_connections_.back());
    idle_connections_.pop_back();
    // Resumes the coroutine of the connection directly, without another iteration of the loop: the coroutine sends the
    // request and waits for the response.
    connection(request);
  } else if (open_connection_count_ < max_connections_) {
    context_.connections.spawn(run_connection(*this, request));
  } else if (waiting_requests_.size() < max_queued_requests) {
    waiting_requests_.push_back(request);
  } else {
    context_.tracker.on_unsent(request);
  }
}

void target_client::expire_waiting_requests() {
  const auto now = context_.event_loop.now();
  while (!waiting_requests_.empty() && attempt_deadline(waiting_requests_.front(), context_.settings).expired(now)) {
    const auto expired = waiting_requests_.front();
    waiting_requests_.pop_front();
    if (will_retry(expired, request_outcome::unsent)) {
      context_.tracker.on_retry(expired, request_outcome::unsent);
      retry(expired);
    } else {
      context_.tracker.on_unsent(expired);
    }
  }
}

bool target_client::will_retry(const scheduled_request& request, request_outcome outcome) const noexcept {
  using enum request_outcome;
  const auto& settings = context_.settings;
  if (request.attempt > settings.callers.max_retries || context_.is_stopping) return false;
  const bool is_retryable = outcome == status_429 || outcome == status_5xx || outcome == status_503;
  if ((is_response(outcome) && !is_retryable) || outcome == unfinished) return false;
  return request.intended_start + settings.timeout > context_.event_loop.now();
}

void target_client::retry(const scheduled_request& last_attempt) {
  auto next = last_attempt;
  ++next.attempt;
  next.retry_start = next.dispatch_time = context_.event_loop.now();
  const auto doubling_count = std::min(last_attempt.attempt - 1, max_backoff_doublings);
  const auto max_pause = context_.settings.callers.backoff * (std::int64_t{1} << doubling_count);
  if (max_pause == duration{0}) return submit(next);
  const auto pause = context_.event_loop.random().uniform_between(duration{0}, max_pause);
  context_.connections.spawn(retry_after(*this, next, pause));
}

task<> target_client::retry_after(target_client& self, scheduled_request next, duration pause) {
  // Waits for the pause that `--retry-backoff` sets. The end of the run cancels the pause.
  auto sleep_task = sleep_for(pause);
  const auto status = co_await std::move(sleep_task);
  if (status == wait_status::cancelled || self.context_.is_stopping)
    co_return self.context_.tracker.on_retry_cancelled(next);
  next.retry_start = next.dispatch_time = self.context_.event_loop.now();
  self.submit(next);
}

void target_client::close() {
  while (!waiting_requests_.empty()) {
    context_.tracker.on_unsent(waiting_requests_.front());
    waiting_requests_.pop_front();
  }
  for (auto& connection : std::exchange(idle_connections_, {})) connection.post(std::nullopt);
}

target_client::next_request target_client::dequeue_request() {
  expire_waiting_requests();
  if (waiting_requests_.empty()) return std::nullopt;
  const auto next = waiting_requests_.front();
  waiting_requests_.pop_front();
  return next;
}

task<> target_client::run_connection(target_client& self, scheduled_request first) {
  auto& context = self.context_;
  connection current{self};
  next_request next = first;
  while (next) {
    request_result result;
    {
      active_request request{context.tracker, *next};
      result = co_await run_request(current, request);
      if (self.will_retry(*next, result.outcome)) {
        request.finish_attempt(result);
        self.retry(*next);
      } else {
        request.finish(result);
      }
      current.idle_since = context.tracker.last_end();
    }
    next = context.scheduler->on_connection_free(self.target_index_, result.outcome);
    if (!next) next = self.dequeue_request();
    if (next || context.is_stopping) continue;
    auto idle = async_operation<next_request>(
        [&self](completion_handler<next_request> resume) { self.idle_connections_.push_back(std::move(resume)); });
    next = co_await std::move(idle);
  }
}

/// A single coroutine handles the request if the connection is open and accepts the request immediately, which is the
/// most frequent case.
task<request_result> target_client::run_request(connection& connection, active_request& request) {
  auto& context = connection.owner.context_;
  if (connection.stream && connection.is_stale(context.event_loop.now())) connection.close();
  if (!connection.stream) {
    auto open_task = open(connection, request);
    const auto open_error = co_await std::move(open_task);
    if (open_error) co_return *open_error;
  } else if (request.timeout().expired(context.event_loop.now())) {
    co_return request_result{request_outcome::unsent};
  }
  connection.stream->set_deadline(request.timeout());
  const auto text = serialized_request(connection, request.schedule());
  const auto written = connection.stream->try_write({asio::buffer(text), asio::const_buffer{}});
  if (!written || *written < text.size()) {
    auto send_task = send(connection, text.substr(written ? *written : 0));
    const auto send_error = co_await std::move(send_task);
    if (send_error) co_return *send_error;
  }
  request.on_sent();
  response_reader reader{connection.owner.target_};
  for (bool has_received_bytes = false; !reader.is_done(); has_received_bytes = true) {
    auto read_task = connection.stream->read_some(connection.buffer.prepare());
    const auto count = co_await std::move(read_task);
    if (!count && count.error() == asio::error::eof && reader.ends_with_connection()) break;
    if (const auto failure = receive(connection, request, reader, count, has_received_bytes)) {
      connection.buffer.reset();
      connection.close();
      co_return *failure;
    }
  }
  connection.end_exchange(context.settings.keep_alive && reader.keep_alive());
  co_return request_result{reader.outcome(), reader.status()};
}

/// The deadline header of a retry contains the remaining time until the deadline, at least 1 ms.
std::string_view target_client::serialized_request(connection& connection, const scheduled_request& request) {
  const auto& context = connection.owner.context_;
  const auto& deadline = context.settings.deadline;
  if (request.attempt == 1 || !deadline) return connection.owner.serialized_request_;
  const auto remaining = request.intended_start + *deadline - context.event_loop.now();
  const auto time_left = std::max<duration>(remaining, std::chrono::milliseconds{1});
  connection.serialized_retry_request = serialize_request(connection.owner.target_, context.settings, time_left);
  return connection.serialized_retry_request;
}

task<std::optional<request_result>> target_client::open(connection& connection, active_request& request) {
  auto& context = connection.owner.context_;
  // First starts the other requests with the same intended start, because a connection attempt takes time.
  auto yield_task = yield_to_loop();
  co_await std::move(yield_task);
  if (request.timeout().expired(context.event_loop.now())) co_return request_result{request_outcome::unsent};
  auto connect_task = context.connector.connect(connection.owner.origin_, request.timeout());
  auto stream = co_await std::move(connect_task);
  if (!stream) co_return request_result{outcome_of_connect_error(stream.error())};
  connection.stream = std::move(*stream);
  context.tracker.on_connection_opened(request.schedule());
  co_return std::nullopt;
}

/// Sends the rest of a request that the connection did not accept immediately.
task<std::optional<request_result>> target_client::send(connection& connection, std::string_view rest) {
  const net::const_buffers buffers{asio::buffer(rest), asio::const_buffer{}};
  auto write_task = net::write_all(*connection.stream, buffers);
  const auto sent = co_await std::move(write_task);
  if (sent) co_return std::nullopt;
  const request_result failure{outcome_of_write_error(sent.error(), connection.is_reused())};
  connection.close();
  co_return failure;
}

/// Parses the bytes of a read. Returns the result of the request if it has failed.
std::optional<request_result> target_client::receive(connection& connection, active_request& request,
                                                     response_reader& reader, const net::io_result& count,
                                                     bool has_received_bytes) {
  if (!count) {
    const bool is_stale = !has_received_bytes && connection.is_reused();
    return request_result{outcome_of_read_error(count.error(), is_stale)};
  }
  connection.owner.context_.tracker.on_bytes_received(request.schedule(), *count);
  connection.buffer.commit(*count);
  if (reader.parse(connection.buffer)) return std::nullopt;
  return request_result{request_outcome::protocol};
}

}  // namespace cohort::loadgen
