// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/http_api/api_client.hpp>

#include <boost/url/parse.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {
namespace {

constexpr std::size_t max_response_bytes = std::size_t{16} << 20U;

/// `GET http://127.0.0.1:2379/v3/watch: REASON`
source_error describe(const http::client_request& request, std::string_view reason) {
  std::string text{boost::beast::http::to_string(request.method)};
  const std::string_view url = request.url.buffer();
  return text.append(" ").append(url.substr(0, url.find('?'))).append(": ").append(reason);
}

source_error describe(const http::client_request& request, http::client_error error) {
  return describe(request, make_error_code(error).message());
}

source_error describe_status(const http::client_request& request, unsigned status) {
  return describe(request, "status " + std::to_string(status));
}

}  // namespace

http::client_settings api_client_settings(net::tls_client_settings tls, http::proxy_settings proxies) {
  http::client_settings settings;
  settings.max_idle_per_origin = 0;
  settings.max_body_bytes = max_response_bytes;
  settings.tls = std::move(tls);
  settings.proxies = std::move(proxies);
  return settings;
}

api_client::api_client(http::client& transport, boost::urls::url base, header_field_provider fields)
    : transport_(transport), base_(std::move(base)), fields_(std::move(fields)) {}

http::client_request api_client::make_request(http::method method, std::string_view target, std::string body) const {
  http::client_request request;
  request.method = method;
  const auto reference = boost::urls::parse_origin_form(target);
  request.url = base_;
  request.url.set_encoded_path(reference->encoded_path());
  if (reference->has_query()) request.url.set_encoded_query(reference->encoded_query());
  if (fields_) request.fields = fields_();
  request.fields.emplace_back("Accept", "application/json");
  if (!body.empty()) request.fields.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

task<result<http::client_response, source_error>> api_client::send(http::method method, std::string target,
                                                                   std::string body, duration timeout,
                                                                   unsigned accepted_status) {
  const auto request = make_request(method, target, std::move(body));
  const auto call_deadline = deadline::after(loop::current().now(), timeout);
  auto send_task = transport_.send(request, call_deadline, {});
  auto exchange = co_await std::move(send_task);
  if (!exchange.response) co_return describe(request, exchange.response.error());
  const auto status = exchange.response->status_code();
  if (status >= 300 && status != accepted_status) co_return describe_status(request, status);
  co_return std::move(*exchange.response);
}

task<result<http::streamed_response, source_error>> api_client::open(http::method method, std::string target,
                                                                     std::string body) {
  auto request = make_request(method, target, {});
  if (!body.empty()) request.fields.emplace_back("Content-Type", "application/json");
  http::text_body_source source{std::move(body)};
  const auto call_deadline = deadline::after(loop::current().now(), default_timeout);
  auto open_task = transport_.open(request, source.content_length() == 0 ? nullptr : &source, call_deadline, {},
                                   std::numeric_limits<std::size_t>::max());
  auto opened = co_await std::move(open_task);
  if (!opened.head.response) co_return describe(request, opened.head.response.error());
  const auto status = opened.head.response->status_code();
  if (status >= 300) co_return describe_status(request, status);
  co_return http::streamed_response{std::move(*opened.head.response), std::move(opened.body)};
}

task<result<std::string_view, line_reader::failure>> line_reader::next(deadline read_deadline) {
  buffer_.erase(0, std::exchange(consumed_, 0));
  std::size_t search_start = 0;
  for (;;) {
    const auto end = buffer_.find('\n', search_start);
    if (end == 0) {
      buffer_.erase(0, 1);
      continue;
    }
    if (end != std::string::npos) {
      consumed_ = end + 1;
      co_return std::string_view{buffer_}.substr(0, end);
    }
    if (buffer_.size() > max_line_bytes) co_return failure::too_long;
    search_start = buffer_.size();
    auto read_task = body_->read(read_deadline);
    const auto part = co_await std::move(read_task);
    if (!part) co_return http::is_timeout(part.error()) ? failure::timed_out : failure::broken;
    if (part->empty()) co_return failure::ended;
    buffer_.append(*part);
  }
}

std::string_view to_string(line_reader::failure failure) noexcept {
  using enum line_reader::failure;
  switch (failure) {
    case ended: return "the server ended the watch";
    case timed_out: return "the watch timed out";
    case broken: return "the connection of the watch was lost";
    case too_long: return "a line of the watch exceeds 4 MiB";
  }
  return "";
}

}  // namespace cohort::discovery
