// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include <cohort/runtime/activity.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/trace_context.hpp>

// The records of a request, of the calls made on behalf of it (upstreams, databases, blocking work, caches), and of the
// attempts of upstream calls. Records have a fixed size and own their strings, so a record can outlive the described
// objects without an allocation. The memory for calls is allocated separately; a reused record keeps this memory.
namespace cohort::telemetry {

/// A string of at most `Capacity` bytes; a longer string is truncated.
template <std::size_t Capacity>
class bounded_text {
 public:
  constexpr bounded_text() noexcept = default;
  constexpr bounded_text(std::string_view text) noexcept { *this = text; }  // NOLINT(google-explicit-constructor)
  constexpr bounded_text& operator=(std::string_view text) noexcept {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), Capacity));
    std::copy_n(text.data(), size_, bytes_.data());
    return *this;
  }
  constexpr std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  constexpr operator std::string_view() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

 private:
  static_assert(Capacity < 256);
  std::uint8_t size_ = 0;
  // Only the first `size_` bytes are initialized.
  std::array<char, Capacity> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init)
};

/// The type of the target of a call.
enum class call_kind : std::uint8_t {
  /// Another service, called by HTTP.
  upstream,
  postgres,
  redis,
  sqlite,
  /// A job of a `blocking_pool`: the time in its queue and on its thread.
  blocking,
  /// A lookup in a cache, including the wait for a fetch by another request.
  cache,
};

/// The reason why an attempt was made.
enum class attempt_kind : std::uint8_t {
  first,
  /// Sent after a failed attempt, possibly to another address of the host.
  retry,
  /// Sent while the first attempt was slow.
  hedge,
  /// Sent to the location of a redirect.
  redirect,
};

/// The stages of an attempt, in chronological order.
enum class attempt_phase : std::uint8_t {
  /// Name resolution, and the choice of an address.
  queued,
  /// The TCP handshake, and the setup of a tunnel through a proxy; takes no time if the connection is reused.
  connect,
  tls,
  /// Sending the request, and waiting for the first byte of the response.
  wait,
  /// Receiving the response, from its first byte to its last.
  read,
  ended,
};

/// The reason why an attempt, a call or a handler ended without a result.
enum class cancellation_cause : std::uint8_t {
  none,
  deadline,
  /// The other of two hedged attempts succeeded.
  hedge,
  /// The client of the request disconnected.
  client,
  /// The drain timeout of the server expired.
  shutdown,
  /// The caller cancelled the call, for example because another task won a `race`.
  caller,
};

std::string_view to_string(call_kind kind) noexcept;
std::string_view to_string(attempt_kind kind) noexcept;
std::string_view to_string(attempt_phase phase) noexcept;
std::string_view to_string(cancellation_cause cause) noexcept;

/// One request to an upstream. Must be written and read on the loop of the call only.
struct attempt_record {
  /// The duration of each phase that has ended.
  std::array<duration, static_cast<std::size_t>(attempt_phase::ended)> phases{};
  time_point started{};
  /// The end of the last phase that has ended.
  time_point phase_start_time{};
  /// The remaining time that was sent to the upstream as its deadline; negative if none was sent.
  duration sent_timeout{-1};
  /// The address of the server. The port is 0 if there was no connection.
  boost::asio::ip::tcp::endpoint address{};
  /// `response`, `timeout`, `connect_error`, `dns_error`, `tls_error`, `reset`, `protocol_error`, `too_large`,
  /// `invalid_request` or `cancelled`; empty while the attempt runs. A string literal.
  std::string_view outcome{};
  /// The parent ID that was sent in `traceparent`; 0 if none was sent.
  std::uint64_t span_id = 0;
  /// The status of the response; 0 without a response.
  std::uint16_t status = 0;
  /// The index in `request_record::calls`.
  std::uint8_t call = 0;
  /// The index, among the attempts of the call, of the attempt that this attempt retries, resends or hedges.
  std::uint8_t of = 0;
  attempt_kind kind = attempt_kind::first;
  attempt_phase phase = attempt_phase::queued;
  cancellation_cause cancelled_by = cancellation_cause::none;
  bool has_reused_connection = false;

  /// Ends the current phase and starts `next`. The durations of repeated phases accumulate.
  void enter(attempt_phase next, time_point now) noexcept {
    phases[static_cast<std::size_t>(phase)] += now - phase_start_time;
    phase = next;
    phase_start_time = now;
  }
  duration phase_duration(attempt_phase requested_phase) const noexcept {
    return phases[static_cast<std::size_t>(requested_phase)];
  }
  bool has_ended() const noexcept { return phase == attempt_phase::ended; }
  /// The end time. Precondition: `has_ended()`.
  time_point ended() const noexcept { return phase_start_time; }
};

/// One call, with all its attempts.
struct call_record {
  /// The name of the upstream, the database, the cache or the blocking job.
  bounded_text<31> name{};
  /// The start of the SQL statement, without parameter values, or the Redis command; may be empty.
  bounded_text<79> detail{};
  time_point started{};
  /// `time_point::min()` while the call runs.
  time_point ended = time_point::min();
  /// The deadline of the call. The remaining time is `deadline.remaining(now)`.
  cohort::deadline deadline{};
  /// The outcome, with the values of the metric `cohort_client_requests_total` or of the metric of the database; for a
  /// cache, `hit`, `stale`, `miss` or `failed`; empty while the call runs. A string literal.
  std::string_view outcome{};
  call_kind kind = call_kind::upstream;
  cancellation_cause cancelled_by = cancellation_cause::none;
  std::uint8_t attempt_count = 0;
  /// Number of attempts that were not recorded, because the record of the request was full.
  std::uint8_t dropped_attempt_count = 0;

  bool has_ended() const noexcept { return ended != time_point::min(); }
};

/// An array whose memory is allocated at the first use and kept for reuse.
template <class T, std::size_t Size>
class lazy_array {
 public:
  lazy_array() noexcept = default;
  lazy_array(const lazy_array& other) { *this = other; }
  lazy_array& operator=(const lazy_array& other) {
    if (this != &other) elements_ = other.elements_ ? std::make_unique<std::array<T, Size>>(*other.elements_) : nullptr;
    return *this;
  }
  lazy_array(lazy_array&&) noexcept = default;
  lazy_array& operator=(lazy_array&&) noexcept = default;
  ~lazy_array() = default;

  /// Allocates the elements, unless they are already allocated. Returns false if there is no memory.
  bool allocate() noexcept {
    if (!elements_) elements_.reset(new (std::nothrow) std::array<T, Size>{});
    return elements_ != nullptr;
  }
  /// The elements; null before `allocate`.
  T* data() noexcept { return elements_ ? elements_->data() : nullptr; }
  const T* data() const noexcept { return elements_ ? elements_->data() : nullptr; }
  /// Precondition: the elements are allocated, and `index` is less than `Size`.
  T& operator[](std::size_t index) noexcept { return (*elements_)[index]; }
  const T& operator[](std::size_t index) const noexcept { return (*elements_)[index]; }
  T& front() noexcept { return elements_->front(); }

 private:
  std::unique_ptr<std::array<T, Size>> elements_;
};

/// Whether a call ended without a usable result. A cache miss is not a failure.
bool is_failure(const call_record& call) noexcept;

/// A request that a server received, or internal work of a service, such as a periodic job, and its calls.
struct request_record : work_recorder {
  static constexpr std::size_t max_calls = 12;
  static constexpr std::size_t max_attempts = 24;

  /// Resets the record for another request.
  void reset(time_point now, wall_time wall_now) noexcept;
  /// Adds a call. Returns null if the record is full.
  call_record* add_call(std::string_view name, time_point now, cohort::deadline call_deadline,
                        call_kind kind = call_kind::upstream) noexcept;
  /// Ends a call, unless it has ended. The cause of a cancelled call is that of the cancelled request.
  void end_call(call_record& call, std::string_view outcome, time_point now) const noexcept;
  std::size_t begin_work(std::string_view name, time_point now, cohort::deadline work_deadline) noexcept override;
  void end_work(std::size_t number, std::string_view outcome, time_point now) noexcept override;
  /// Adds an attempt to a call of this record. Returns null if the record is full.
  attempt_record* add_attempt(call_record& call, attempt_kind kind, std::uint8_t of, time_point now) noexcept;

  std::span<const call_record> all_calls() const noexcept { return {calls.data(), call_count}; }
  std::span<call_record> all_calls() noexcept { return {calls.data(), call_count}; }
  /// The attempts of all calls, in the order of their start.
  std::span<const attempt_record> all_attempts() const noexcept { return {attempts.data(), attempt_count}; }
  std::size_t index_of(const call_record& call) const noexcept {
    return static_cast<std::size_t>(&call - calls.data());
  }
  /// Whether the request or one of its calls missed its deadline or failed.
  bool has_problem() const noexcept;
  bool has_ended() const noexcept { return ended != time_point::min(); }

  trace_context trace{};
  time_point started{};
  wall_time wall_start_time{};
  /// `time_point::min()` while the request runs.
  time_point ended = time_point::min();
  cohort::deadline deadline{};
  bounded_text<40> request_id{};
  bounded_text<15> method{};
  /// The pattern of the route, or the name of the internal work.
  bounded_text<79> route{};
  /// The status of the response; 499 if the client disconnected before the response, 0 for internal work.
  std::uint16_t status = 0;
  /// The cause of the handler's cancellation.
  cancellation_cause cancelled_by = cancellation_cause::none;
  /// Whether the response has a streamed body or upgrades the connection. The client then determines its duration.
  bool is_streamed = false;
  std::uint8_t call_count = 0;
  std::uint8_t attempt_count = 0;
  /// Number of calls that were not recorded, because the record was full.
  std::uint16_t dropped_call_count = 0;
  /// Allocated separately, because calls and attempts would take most of the memory of a record. The record of an
  /// upgraded connection, such as WebSocket, is kept until the connection closes, and usually has no calls.
  lazy_array<call_record, max_calls> calls;
  lazy_array<attempt_record, max_attempts> attempts;
};

}  // namespace cohort::telemetry
