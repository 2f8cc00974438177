// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/client.hpp>

#include <boost/url/parse.hpp>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include <cohort/http/client/fetch.hpp>

namespace cohort::testing {
namespace {

using open_result = result<http::streamed_response, http::client_error>;
using socket_result = result<http::websocket, http::websocket_connect_error>;

/// A body that is sent in chunks.
class chunk_source final : public http::request_body_source {
 public:
  explicit chunk_source(std::vector<std::string> chunks) : chunks_(std::move(chunks)) {}

  task<result<std::string_view, http::client_error>> read(call_context) override {
    // An empty chunk would end the body.
    while (next_ < chunks_.size() && chunks_[next_].empty()) ++next_;
    if (next_ == chunks_.size()) co_return std::string_view{};
    co_return std::string_view{chunks_[next_++]};
  }
  std::optional<std::uint64_t> content_length() const override { return std::nullopt; }

 private:
  std::vector<std::string> chunks_;
  std::size_t next_ = 0;
};

task<open_result> open_stream(http::client& transport, http::client_request message, std::vector<std::string> chunks,
                              deadline call_deadline) {
  std::unique_ptr<http::request_body_source> source;
  if (!chunks.empty()) {
    source = std::make_unique<chunk_source>(std::move(chunks));
  } else if (!message.body.empty()) {
    source = std::make_unique<http::text_body_source>(std::exchange(message.body, {}));
  }
  http::client::send_options options;
  // A streamed exchange is not retried on another connection.
  options.connection.needs_new_connection = true;
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto open_task = transport.open(message, source.get(), call_deadline, options, unlimited);
  auto opened = co_await std::move(open_task);
  if (!opened.head.response) co_return opened.head.response.error();
  co_return http::streamed_response{std::move(*opened.head.response), std::move(opened.body)};
}

task<socket_result> open_websocket(http::client& transport, boost::urls::url url,
                                   http::websocket_connect_options options, deadline call_deadline) {
  call_context context{.deadline = call_deadline};
  auto connect_task = http::websocket_connect(context, transport, std::move(url), std::move(options));
  co_return co_await std::move(connect_task);
}

}  // namespace

client::client(sim::fleet& fleet, std::string base_url, const std::string& host_name)
    : client(fleet.time(), fleet.client(host_name), std::move(base_url)) {}

client::client(virtual_time& time, http::client& transport, std::string base_url)
    : time_(time), transport_(transport), base_url_(std::move(base_url)) {}

boost::urls::url client::url_of(std::string_view target) const {
  if (!target.starts_with('/')) {
    throw std::invalid_argument("request target \"" + std::string{target} + "\": must begin with \"/\"");
  }
  const auto text = base_url_ + std::string{target};
  auto parsed = boost::urls::parse_uri(text);
  if (!parsed) {
    throw std::invalid_argument("request target \"" + std::string{target} +
                                "\": must be a valid path and query; percent-encode other characters");
  }
  return *parsed;
}

http::client_request client::to_client_request(request& message) const {
  http::client_request request;
  request.method = message.method;
  request.url = url_of(message.target);
  request.fields = std::move(message.fields);
  request.body = std::move(message.body);
  return request;
}

sim::call_result client::call(request message) {
  const auto call_deadline = deadline::after(time_.now(), message.timeout);
  if (message.body_chunks.empty()) {
    auto sent = to_client_request(message);
    prepare();
    return time_.run(http::fetch(transport_, std::move(sent), call_deadline));
  }
  auto opened = open(std::move(message));
  if (!opened) return opened.error();
  auto body = opened->read_to_end(call_deadline.remaining(time_.now()));
  if (!body) return body.error();
  auto response = opened->head();
  response.body = std::move(*body);
  return response;
}

result<response_stream, http::client_error> client::open(request message) {
  const auto call_deadline = deadline::after(time_.now(), message.timeout);
  auto chunks = std::move(message.body_chunks);
  auto sent = to_client_request(message);
  prepare();
  auto opened = time_.run(open_stream(transport_, std::move(sent), std::move(chunks), call_deadline));
  if (!opened) return opened.error();
  return response_stream{time_, std::move(*opened)};
}

result<response_stream, http::client_error> client::events(std::string target, std::string last_event_id) {
  request message{.target = std::move(target), .fields = {{"Accept", "text/event-stream"}}};
  if (!last_event_id.empty()) message.fields.emplace_back("Last-Event-ID", std::move(last_event_id));
  return open(std::move(message));
}

result<websocket_client, http::websocket_connect_error> client::websocket(std::string target,
                                                                          http::websocket_connect_options options,
                                                                          duration timeout) {
  const auto call_deadline = deadline::after(time_.now(), timeout);
  auto url = url_of(target);
  prepare();
  auto opened = time_.run(open_websocket(transport_, std::move(url), std::move(options), call_deadline));
  if (!opened) return opened.error();
  return websocket_client{time_, std::move(*opened)};
}

sim::call_result client::send_body(http::method method, std::string target, std::string body, std::string content_type,
                                   header_fields fields) {
  if (!content_type.empty()) fields.emplace_back("Content-Type", std::move(content_type));
  return call({.method = method, .target = std::move(target), .body = std::move(body), .fields = std::move(fields)});
}

sim::call_result client::get(std::string target, header_fields fields) {
  return call({.target = std::move(target), .fields = std::move(fields)});
}

sim::call_result client::head(std::string target, header_fields fields) {
  return call({.method = http::method::head, .target = std::move(target), .fields = std::move(fields)});
}

sim::call_result client::del(std::string target, header_fields fields) {
  return call({.method = http::method::delete_, .target = std::move(target), .fields = std::move(fields)});
}

sim::call_result client::post(std::string target, std::string body, std::string content_type, header_fields fields) {
  return send_body(http::method::post, std::move(target), std::move(body), std::move(content_type), std::move(fields));
}

sim::call_result client::put(std::string target, std::string body, std::string content_type, header_fields fields) {
  return send_body(http::method::put, std::move(target), std::move(body), std::move(content_type), std::move(fields));
}

sim::call_result client::patch(std::string target, std::string body, std::string content_type, header_fields fields) {
  return send_body(http::method::patch, std::move(target), std::move(body), std::move(content_type), std::move(fields));
}

}  // namespace cohort::testing
