// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/session.hpp>

#include <algorithm>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::messaging::rabbitmq {
namespace {

constexpr std::size_t read_size = std::size_t{64} * 1024;
/// RabbitMQ's default `frame_max`, in bytes. AMQP 0-9-1 section 4.2.3 requires at least 4096.
constexpr std::size_t requested_frame_size = std::size_t{128} * 1024;
constexpr std::size_t min_frame_size = 4096;
constexpr std::uint16_t requested_channels = 2047;

error connection_lost_error(const error_code& failure) {
  if (failure == asio::error::operation_aborted) return {errc::cancelled};
  if (failure == asio::error::eof) return {errc::connection_lost, "the broker closed the connection"};
  return {errc::connection_lost, failure.message()};
}

bool offers_plain(std::string_view mechanisms) {
  const auto padded_mechanisms = " " + std::string{mechanisms} + " ";
  return padded_mechanisms.find(" PLAIN ") != std::string::npos;
}

}  // namespace

session::session(net::stream_ptr stream, const settings& settings, session_observer& observer)
    : loop_(loop::current()),
      stream_(std::move(stream)),
      settings_(settings),
      observer_(observer),
      parser_(requested_frame_size),
      max_frame_size_(requested_frame_size) {}

session::~session() {
  // Closes the AMQP connection gracefully, without waiting for the response (best effort).
  if (!failure_ || failure_->code == errc::cancelled) {
    output_.clear();
    method_scope close{output_, 0, method_id::connection_close};
    close->short_uint(200);
    close->short_string("closed");
    close->long_uint(0);
  }
  if (!output_.empty()) (void)stream_->try_write({asio::buffer(output_), asio::const_buffer{}});
}

// ---- login

task<result<frame>> session::read_frame() {
  for (;;) {
    if (auto next = parser_.next()) co_return *next;
    if (!parser_.error().empty()) co_return protocol_error(parser_.error());
    input_.resize(read_size);
    auto read_task = stream_->read_some(asio::buffer(input_));
    const auto count = co_await std::move(read_task);
    if (!count) co_return connection_lost_error(count.error());
    last_received_ = loop_.now();
    parser_.append(std::string_view{input_}.substr(0, *count));
  }
}

task<result<void>> session::send(std::string bytes) {
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  auto write_task = net::write_all(*stream_, buffers);
  const auto written = co_await std::move(write_task);
  if (!written) co_return connection_lost_error(written.error());
  last_sent_ = loop_.now();
  co_return result<void>{};
}

/// The next method of channel 0, which must be `expected`; its arguments are copied.
task<result<void>> session::expect(method_id expected, std::string* arguments) {
  for (;;) {
    auto read_task = read_frame();
    const auto received = co_await std::move(read_task);
    if (!received) co_return received.error();
    if (received->type == frame_type::heartbeat) continue;
    wire_reader reader{received->payload};
    const auto method = static_cast<method_id>(reader.long_uint());
    if (received->type != frame_type::method || reader.failed())
      co_return protocol_error("expected a method frame during connection negotiation");
    if (method == method_id::connection_close) {
      const auto code = reader.short_uint();
      co_return error{errc::refused, std::to_string(code) + " " + std::string{reader.short_string()}};
    }
    if (method != expected) co_return protocol_error("unexpected method during connection negotiation");
    if (arguments) *arguments = received->payload.substr(sizeof(std::uint32_t));
    co_return result<void>{};
  }
}

std::string session::start_ok() const {
  std::string bytes;
  method_scope method{bytes, 0, method_id::connection_start_ok};
  const auto properties = method->begin_block();
  for (const auto& [name, text] : field_table{{"product", "Cohort"},
                                              {"version", std::string{version()}},
                                              {"platform", "C++"},
                                              {"connection_name", settings_.connection_name}}) {
    method->field(name, 'S');
    method->long_string(text);
  }
  method->field("capabilities", 'F');
  const auto capabilities = method->begin_block();
  // https://www.rabbitmq.com/docs/connections#capabilities
  for (const auto* const name : {"publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked",
                                 "authentication_failure_close"}) {
    method->field(name, 't');
    method->octet(1);
  }
  method->end_block(capabilities);
  method->end_block(properties);
  method->short_string("PLAIN");
  method->long_string(plain_response(settings_.user, settings_.password));
  method->short_string("en_US");
  return bytes;
}

task<std::optional<error>> session::open() {
  std::string arguments;
  auto greeting_task = send(std::string{"AMQP\0\0\x09\x01", 8});
  if (auto sent = co_await std::move(greeting_task); !sent) co_return sent.error();
  auto start_task = expect(method_id::connection_start, &arguments);
  if (auto started = co_await std::move(start_task); !started) co_return started.error();
  wire_reader start{arguments};
  start.short_uint();  // the version, which the server has accepted
  start.table();
  if (const auto mechanisms = start.long_string(); start.failed() || !offers_plain(mechanisms)) {
    co_return error{errc::refused, "the broker does not offer the SASL mechanism PLAIN"};
  }
  auto login_task = send(start_ok());
  if (auto sent = co_await std::move(login_task); !sent) co_return sent.error();
  auto tune_task = expect(method_id::connection_tune, &arguments);
  if (auto tune_result = co_await std::move(tune_task); !tune_result) co_return tune_result.error();

  wire_reader tune{arguments};
  const auto channels = tune.short_uint();
  const std::size_t frame_size = tune.long_uint();
  const std::chrono::seconds proposed_interval{tune.short_uint()};
  if (tune.failed() || (frame_size != 0 && frame_size < min_frame_size)) co_return protocol_error("connection.tune");
  if (frame_size != 0) max_frame_size_ = std::min(requested_frame_size, frame_size);
  const auto heartbeat =
      proposed_interval.count() == 0 ? settings_.heartbeat : std::min(settings_.heartbeat, proposed_interval);
  heartbeat_ = heartbeat;
  std::string methods;
  {
    method_scope method{methods, 0, method_id::connection_tune_ok};
    method->short_uint(channels == 0 ? requested_channels : std::min(requested_channels, channels));
    method->long_uint(static_cast<std::uint32_t>(max_frame_size_));
    method->short_uint(static_cast<std::uint16_t>(heartbeat.count()));
  }
  {
    method_scope method{methods, 0, method_id::connection_open};
    method->short_string(settings_.virtual_host);
    method->short_string({});
    method->octet(0);
  }
  auto open_task = send(std::move(methods));
  if (auto sent = co_await std::move(open_task); !sent) co_return sent.error();
  auto open_ok_task = expect(method_id::connection_open_ok, nullptr);
  if (auto received = co_await std::move(open_ok_task); !received) co_return received.error();
  co_return std::nullopt;
}

task<error> session::run() {
  last_received_ = last_sent_ = loop_.now();
  auto session_task = race(read(), write(), watch());
  auto ended = co_await std::move(session_task);
  auto reason = std::visit([](auto& each) { return std::move(each); }, ended).value_or(error{errc::cancelled});
  failure_ = reason;
  // Frames that have not been sent are dropped, except the response to the broker's close.
  if (!is_closed_by_broker_) output_.clear();
  for (const auto& [channel, call] : calls_) {
    call->failure = reason;
    call->done.set();
  }
  co_return reason;
}

void session::fail(error reason) {
  if (failure_) return;
  failure_ = std::move(reason);
  failed_.set();
}

task<std::optional<error>> session::read() {
  for (;;) {
    auto read_task = read_frame();
    const auto received = co_await std::move(read_task);
    if (!received) co_return received.error();
    if (auto failure = on_frame(*received)) co_return failure;
  }
}

task<std::optional<error>> session::write() {
  for (;;) {
    while (output_.empty()) {
      output_available_.reset();
      auto wait_task = output_available_.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return std::nullopt;
    }
    auto send_task = send(std::exchange(output_, {}));
    if (auto sent = co_await std::move(send_task); !sent) co_return sent.error();
  }
}

/// Sends heartbeats, and ends after `fail`. Source: AMQP 0-9-1 section 4.2.7, and
/// https://www.rabbitmq.com/docs/heartbeats: one heartbeat every half interval; the peer is considered dead after two
/// intervals.
task<std::optional<error>> session::watch() {
  for (;;) {
    auto wait_task = failed_.wait(deadline::after(loop_.now(), heartbeat_ / 2));
    const auto status = co_await std::move(wait_task);
    if (failure_) co_return failure_;
    if (status == wait_status::cancelled) co_return std::nullopt;
    const auto now = loop_.now();
    if (now - last_received_ >= 2 * heartbeat_) {
      co_return error{errc::connection_lost, "the broker has sent nothing for two heartbeat intervals"};
    }
    if (now - last_sent_ < heartbeat_ / 2 || !output_.empty()) continue;
    {
      const frame_scope heartbeat{output_, frame_type::heartbeat, 0};
    }
    flush();
  }
}

task<result<void>> session::call(std::uint16_t channel, std::string bytes, method_id expected) {
  if (failure_) co_return *failure_;
  pending_call pending{expected};
  struct registration {
    std::map<std::uint16_t, pending_call*>& calls;
    std::uint16_t channel;
    ~registration() { calls.erase(channel); }
  };
  calls_[channel] = &pending;
  const registration registration{calls_, channel};
  output_ += bytes;
  flush();
  auto wait_task = pending.done.wait();
  if (co_await std::move(wait_task) == wait_status::cancelled) co_return error{errc::cancelled};
  if (pending.failure) co_return *pending.failure;
  co_return result<void>{};
}

void session::close_channel(std::uint16_t channel) {
  closing_channels_.insert(channel);
  contents_.erase(channel);
  if (const auto found = calls_.find(channel); found != calls_.end()) {
    found->second->failure = error{errc::closed};
    found->second->done.set();
  }
  {
    method_scope method{output_, channel, method_id::channel_close};
    method->short_uint(200);
    method->short_string("closed");
    method->long_uint(0);
  }
  flush();
}

}  // namespace cohort::messaging::rabbitmq
