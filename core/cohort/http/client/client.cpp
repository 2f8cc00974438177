// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client.hpp>

#include <cohort/http/client/protocol/exchange.hpp>
#include <cohort/http/client/streaming/streamed_exchange.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

using outcome = policy::load_balancer::outcome;

/// Returns `options.target`, or, if that is null, the origin of the request's URL, which is stored in `url_target`.
/// Returns null if the URL has no origin.
const origin* target_of(const client_request& request, const client::send_options& options,
                        std::optional<origin>& url_target) {
  if (options.target) return options.target;
  url_target = origin_of(request.url);
  return url_target ? &*url_target : nullptr;
}

/// The server's deadline: one round-trip time (RTT) before `call_deadline`, so that the response arrives in time.
deadline server_deadline(deadline call_deadline, const connection_pool::lease& lease) noexcept {
  return call_deadline.is_never() ? call_deadline : deadline{call_deadline.time() - lease.round_trip_time()};
}

/// Records the start of an exchange on `lease`. Returns the text of the remaining time to propagate to the server;
/// empty if it is not propagated. If the server's deadline has expired, the function releases the lease and returns an
/// error.
result<std::string, client_error> start_exchange(connection_pool::lease& lease, deadline call_deadline,
                                                 const client::send_options& options, time_point now) {
  if (options.connection.tried_addresses) options.connection.tried_addresses->push_back(lease.address());
  auto* const record = options.record;
  if (record) {
    record->address = lease.address();
    record->has_reused_connection = lease.is_reused();
    record->enter(telemetry::attempt_phase::wait, now);
  }
  const auto sent_deadline = server_deadline(call_deadline, lease);
  if (sent_deadline.expired(now)) {
    lease.release(outcome::ignored, true, now);
    return client_error::deadline_exceeded;
  }
  if (!options.propagate_deadline || call_deadline.is_never()) return std::string{};
  if (record) record->sent_timeout = sent_deadline.remaining(now);
  return format_envoy_timeout(sent_deadline, now);
}

extra_field timeout_field(std::string_view remaining) {
  return {remaining.empty() ? std::string_view{} : envoy_timeout_field, remaining};
}

/// Assigns and returns the span ID of an attempt, which is sent to the server. Returns zero without a record or a
/// trace.
std::uint64_t assign_span_id(telemetry::attempt_record* record, const client_request& request) {
  if (!record || !request.trace.id) return 0;
  record->span_id = telemetry::make_span_id(loop::current().random());
  return record->span_id;
}

/// The result of an exchange for the load balancer.
outcome address_outcome(const client_result& response, bool timeout_is_failure) noexcept {
  if (response && response->status_code() < 500) return outcome::success;
  if (!response && is_caused_by_caller(response.error())) return outcome::ignored;
  return is_timeout(response) && !timeout_is_failure ? outcome::ignored : outcome::failure;
}

client::exchange failed_exchange(client_error error) { return {.response = error, .ended = loop::current().now()}; }

bool is_stale_connection(client_error error, bool is_reused) noexcept {
  return is_reused && (error == client_error::no_response || error == client_error::send_failed);
}

}  // namespace

client::client(net::network& network, std::size_t loop_count, client_settings settings)
    : network_(network), settings_(std::move(settings)), tls_(settings_.tls), pools_(loop_count) {}

client::~client() = default;

connection_pool& client::pool() {
  auto& current = loop::current();
  auto& pool = pools_.at(current.index());
  if (!pool) pool = std::make_unique<connection_pool>(network_, settings_, tls_, current);
  return *pool;
}

task<result<net::stream_ptr, client_error>> client::connect(origin target, deadline call_deadline) {
  return pool().connect(std::move(target), call_deadline);
}

task<client::exchange> client::send(const client_request& request, deadline call_deadline, send_options options) {
  std::optional<origin> url_target;
  const auto* const target = target_of(request, options, url_target);
  if (!target || !has_valid_fields(request)) co_return failed_exchange(client_error::invalid_request);
  auto now = loop::current().now();
  if (call_deadline.expired(now)) co_return failed_exchange(client_error::deadline_exceeded);
  const auto* const is_superseded = options.connection.is_superseded;
  auto lease = pool().try_acquire(*target, options.connection, now);
  if (!lease) {
    auto acquire_task = pool().acquire(*target, call_deadline, options.connection, options.record);
    auto acquired_lease = co_await std::move(acquire_task);
    if (!acquired_lease) co_return failed_exchange(acquired_lease.error());
    lease.emplace(std::move(*acquired_lease));
    now = loop::current().now();
  }
  const auto remaining = start_exchange(*lease, call_deadline, options, now);
  if (!remaining) co_return failed_exchange(remaining.error());
  const auto timeout = timeout_field(*remaining);
  auto text = serialize(request, timeout, target->secure ? nullptr : settings_.proxies.proxy_for(*target),
                        assign_span_id(options.record, request));
  lease->stream().set_deadline(call_deadline);
  const bool is_head_request = request.method == method::head;
  auto exchange_task = run_exchange(lease->stream(), std::move(text), is_head_request, settings_, options.record);
  auto result = co_await std::move(exchange_task);
  if (lease->is_reused() && is_timeout(result.response)) lease->close_idle_to_same_address();
  const auto ended = result.received_at ? *result.received_at : loop::current().now();
  const auto balancer_outcome = address_outcome(result.response, options.timeout_is_failure);
  if (result.is_unanswered && is_superseded && *is_superseded && result.response.error() == client_error::cancelled) {
    lease->release_superseded(balancer_outcome, request.method == method::head, ended);
  } else {
    lease->release(balancer_outcome, result.is_reusable, ended);
  }
  exchange exchange{.response = std::move(result.response), .address = lease->address(), .ended = ended};
  if (exchange.response) {
    if (const auto error = decode_content(*exchange.response, settings_.max_body_bytes)) exchange.response = *error;
  } else {
    exchange.was_connection_stale = is_stale_connection(exchange.response.error(), lease->is_reused());
  }
  co_return exchange;
}

task<client::opened_exchange> client::open(const client_request& request, request_body_source* source,
                                           deadline call_deadline, send_options options, std::size_t max_body_bytes,
                                           const interim_callback* on_interim) {
  std::optional<origin> url_target;
  const auto* const target = target_of(request, options, url_target);
  if (!target || !has_valid_fields(request)) co_return opened_exchange{failed_exchange(client_error::invalid_request)};
  auto now = loop::current().now();
  if (call_deadline.expired(now)) co_return opened_exchange{failed_exchange(client_error::deadline_exceeded)};
  auto lease = pool().try_acquire(*target, options.connection, now);
  if (!lease) {
    auto acquire_task = pool().acquire(*target, call_deadline, options.connection, options.record);
    auto acquired_lease = co_await std::move(acquire_task);
    if (!acquired_lease) co_return opened_exchange{failed_exchange(acquired_lease.error())};
    lease.emplace(std::move(*acquired_lease));
    now = loop::current().now();
  }
  const auto remaining = start_exchange(*lease, call_deadline, options, now);
  if (!remaining) co_return opened_exchange{failed_exchange(remaining.error())};
  const auto timeout = timeout_field(*remaining);
  streamed_framing framing;
  if (source) framing.content_length = source->content_length();
  framing.is_chunked = source && !framing.content_length;
  const auto text =
      serialize_head(request, framing, timeout, target->secure ? nullptr : settings_.proxies.proxy_for(*target),
                     assign_span_id(options.record, request));
  const response_parser::limits limits{settings_.max_header_bytes, max_body_bytes};
  auto stream = std::make_unique<streamed_exchange>(std::move(*lease), limits, request.method == method::head,
                                                    options.timeout_is_failure);
  auto run_task = stream->run(text, source, {.deadline = call_deadline}, on_interim);
  const auto error = co_await std::move(run_task);
  opened_exchange exchange{failed_exchange(client_error::cancelled), nullptr, stream->has_read_source()};
  exchange.head.address = stream->address();
  if (error) {
    exchange.head.response = *error;
    exchange.head.was_connection_stale = stream->is_stale(*error);
  } else {
    exchange.head.response = std::move(stream->head());
    exchange.body = std::move(stream);
  }
  co_return exchange;
}

}  // namespace cohort::http
