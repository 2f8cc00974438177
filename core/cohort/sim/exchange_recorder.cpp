// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/exchange_recorder.hpp>

#include <algorithm>
#include <charconv>

#include <cohort/http/client/protocol/response_parser.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/http/message/request/request_parser.hpp>

namespace cohort::sim {
namespace {

/// The parsers only have to find the ends of messages. The peers enforce the limits.
constexpr std::size_t no_limit = 1U << 30U;
const http::server_limits unlimited_requests{
    .max_target_bytes = no_limit, .max_header_bytes = no_limit, .max_fields = no_limit, .max_body_bytes = no_limit};

constexpr http::response_parser::limits unlimited_responses() {
  http::response_parser::limits limits{};
  limits.max_header_bytes = no_limit;
  limits.max_body_bytes = no_limit;
  limits.store_fields = false;
  limits.store_body = false;
  return limits;
}

}  // namespace

/// Parses the requests that the server of one connection has read and the responses that it has written.
class exchange_recorder::connection_parser {
 public:
  connection_parser(exchange_recorder& owner, const connection& connection) : owner_(owner), connection_(connection) {}

  void on_read(std::string_view bytes);
  void on_written(std::string_view bytes);
  void on_client_closed() noexcept {
    has_client_closed_ = true;
    for (auto* request : pending_) {
      request->has_client_closed = true;
      request->client_closed_at = owner_.now();
    }
  }
  void on_closed();

 private:
  bool read_request();
  void begin_response();
  void end_response();
  void add_violation(std::string_view description);

  exchange_recorder& owner_;
  const connection& connection_;
  std::string request_bytes_;
  http::head_scanner scanner_;
  http::request_head head_;
  std::string body_;
  /// Set while a request's body is incomplete.
  std::optional<http::request_parser> request_parser_;
  exchange exchange_{};
  /// Set by an invalid request, which the server must reject. Later requests are not recorded.
  bool requests_invalid_ = false;
  std::deque<exchange*> pending_;
  std::optional<http::response_parser> response_parser_;
  std::string response_bytes_;
  bool responses_invalid_ = false;
  bool has_client_closed_ = false;
};

exchange_recorder::exchange_recorder(loop& event_loop) : loop_(event_loop) {}
exchange_recorder::~exchange_recorder() = default;

time_point exchange_recorder::now() const noexcept {
  const auto* current = loop::current_or_null();
  return (current ? *current : loop_).now();
}

void exchange_recorder::connection_parser::on_read(std::string_view bytes) {
  if (requests_invalid_) return;
  request_bytes_.append(bytes);
  while (!request_bytes_.empty() && read_request()) {
  }
}

/// Records one request. Returns false if the buffer holds no complete message.
bool exchange_recorder::connection_parser::read_request() {
  if (!request_parser_) {
    if (request_bytes_.starts_with("\r\n")) {
      request_bytes_.erase(0, 2);
      scanner_.reset();
    }
    const auto state = scanner_.scan(request_bytes_);
    if (state == http::head_scanner::state::incomplete) return false;
    const std::string_view head{request_bytes_.data(), scanner_.length()};
    scanner_.reset();
    head_.clear();
    request_parser_.emplace(unlimited_requests, head_, body_);
    if (state == http::head_scanner::state::bare_line_feed || request_parser_->parse_head(head)) {
      requests_invalid_ = true;
      return false;
    }
    exchange_ = {.connection_id = connection_.id(),
                 .client = &connection_.client(),
                 .server = &connection_.server(),
                 .method = std::string{head_.method_text},
                 .path = std::string{head_.path}};
    if (const auto timeout = head_.find(http::envoy_timeout_field))
      exchange_.remaining_time = http::parse_envoy_timeout(*timeout);
    if (const auto id = head_.find("x-request-id")) exchange_.request_id = *id;
    request_bytes_.erase(0, head.size());
  }
  if (request_parser_->has_body()) {
    http::request_parser::rejection error;
    request_bytes_.erase(0, request_parser_->parse_body(request_bytes_, error));
    requests_invalid_ = error.has_value();
    if (request_parser_->has_body()) return false;
  }
  body_.clear();
  request_parser_.reset();
  exchange_.received_at = owner_.now();
  exchange_.has_client_closed = has_client_closed_;
  exchange_.is_pipelined = !pending_.empty();
  pending_.push_back(&owner_.exchanges_.emplace_back(std::move(exchange_)));
  if (owner_.observer_) owner_.observer_->on_request_read(*pending_.back());
  return true;
}

void exchange_recorder::connection_parser::on_written(std::string_view bytes) {
  if (responses_invalid_) return;
  response_bytes_.append(bytes);
  while (!response_bytes_.empty()) {
    if (!response_parser_) begin_response();
    std::optional<http::client_error> error;
    const auto consumed = response_parser_->parse(response_bytes_, error);
    response_bytes_.erase(0, consumed);
    if (error) {
      add_violation("sent an invalid response");
      responses_invalid_ = true;
      return;
    }
    const auto code = response_parser_->response().status_code();
    if (response_parser_->done() && code >= 100 && code < 200) {
      response_parser_.reset();
      if (!pending_.empty()) pending_.front()->response_started_at.reset();
      continue;
    }
    if (response_parser_->is_header_done() && !pending_.empty() && pending_.front()->status == 0) {
      pending_.front()->status = code;
      if (owner_.observer_) owner_.observer_->on_response_started(*pending_.front());
    }
    if (response_parser_->done()) {
      end_response();
    } else if (consumed == 0) {
      return;
    }
  }
}

void exchange_recorder::connection_parser::begin_response() {
  const bool is_head_request = !pending_.empty() && pending_.front()->method == "HEAD";
  response_parser_.emplace(unlimited_responses(), is_head_request);
  if (!pending_.empty()) {
    pending_.front()->response_started_at = owner_.now();
    return;
  }
  // An incomplete request may be rejected.
  const bool is_in_request = request_parser_ || !request_bytes_.empty();
  if (!is_in_request) add_violation("sent a response without a request");
}

void exchange_recorder::connection_parser::end_response() {
  response_parser_.reset();
  if (pending_.empty()) return;
  pending_.front()->response_completed_at = owner_.now();
  pending_.pop_front();
}

void exchange_recorder::connection_parser::on_closed() {
  for (auto* request : pending_) request->is_closed_without_response = !request->response_started_at;
  const bool ends_with_close = response_parser_ && response_parser_->is_header_done() && !response_parser_->end();
  if (ends_with_close) end_response();
}

void exchange_recorder::connection_parser::add_violation(std::string_view description) {
  owner_.violations_.push_back(connection_.server().name + " " + std::string{description} + " on connection #" +
                               std::to_string(connection_.id()) + " from " + connection_.client().name);
}

exchange_counts exchange_recorder::count(const std::function<bool(const exchange&)>& matches) const {
  exchange_counts counts;
  for (const auto& candidate : exchanges_) {
    if (!matches(candidate)) continue;
    ++counts.requests;
    if (candidate.response_completed_at) ++counts.responses;
    if (candidate.is_closed_without_response) ++counts.closed_without_response;
  }
  return counts;
}

exchange_counts exchange_recorder::count(const host& server, std::string_view path) const {
  return count([&](const exchange& candidate) { return candidate.server == &server && candidate.path == path; });
}

void exchange_recorder::on_opened(const connection& connection) {
  parsers_[connection.id()] = std::make_unique<connection_parser>(*this, connection);
}

void exchange_recorder::on_sent(const connection& connection, net::pipe_side sender, std::string_view bytes) {
  if (sender == 0) return;
  const auto parser = parsers_.find(connection.id());
  if (parser != parsers_.end()) parser->second->on_written(bytes);
}

void exchange_recorder::on_read(const connection& connection, net::pipe_side reader, std::string_view bytes) {
  if (reader == 0) return;
  const auto parser = parsers_.find(connection.id());
  if (parser != parsers_.end()) parser->second->on_read(bytes);
}

void exchange_recorder::on_closed(const connection& connection, net::pipe_side side) {
  const auto parser = parsers_.find(connection.id());
  if (parser == parsers_.end()) return;
  if (side == 0) {
    parser->second->on_client_closed();
    return;
  }
  parser->second->on_closed();
  parsers_.erase(parser);
}

}  // namespace cohort::sim
