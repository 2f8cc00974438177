// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/exchange.hpp>

#include <boost/asio/error.hpp>
#include <vector>

#include <cohort/http/client/connection/connector.hpp>
#include <cohort/http/client/protocol/response_reader.hpp>
#include <cohort/http/message/body/content_coding.hpp>
#include <cohort/http/message/body/gzip.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
task<exchange_result> run_exchange(net::stream& stream, recycled_string request, bool is_head_request,
                                   const client_settings& settings, telemetry::attempt_record* record) {
  // Most requests are sent immediately, without another coroutine.
  net::io_result sent = stream.try_write({asio::buffer(request), asio::const_buffer{}});
  if (const auto size = sent ? *sent : 0; size < request.size()) {
    const net::const_buffers remaining{asio::buffer(request) + size, asio::const_buffer{}};
    auto write_task = net::write_all(stream, remaining);
    sent = co_await std::move(write_task);
  }
  // Releases the memory now, so that the next request reuses it while it is still in the CPU cache.
  recycled_string{}.swap(request);
  // A server may reject a request and close the connection before it has read the entire request, so the response is
  // read even if sending failed.
  const bool send_failed = !sent;
  if (send_failed && (sent.error() == asio::error::timed_out || sent.error() == asio::error::operation_aborted)) {
    co_return exchange_result{error_at_stage(sent.error(), client_error::send_timeout, client_error::send_failed)};
  }
  response_reader reader{{settings.max_header_bytes, settings.max_body_bytes}, is_head_request};
  auto& parser = reader.parser();
  time_point received_at;
  for (bool has_received_bytes = false;; has_received_bytes = true) {
    auto read_task = stream.read_some(reader);
    const auto count = co_await std::move(read_task);
    if (!count) {
      if (parser.is_header_done()) {
        const auto error = count.error() == asio::error::eof ? parser.end() : client_error::body_truncated;
        if (!error) co_return exchange_result{std::move(parser.response())};
        co_return exchange_result{error_at_stage(count.error(), client_error::body_timeout, *error)};
      }
      // An interim response counts as received bytes, because it shows that the server has received the request.
      const auto error = has_received_bytes ? client_error::response_truncated
                         : send_failed      ? client_error::send_failed
                                            : client_error::no_response;
      exchange_result failed{error_at_stage(count.error(), client_error::response_timeout, error)};
      failed.is_unanswered = !has_received_bytes && !send_failed;
      co_return failed;
    }
    received_at = loop::current().now();
    if (record && !has_received_bytes) record->enter(telemetry::attempt_phase::read, received_at);
    if (const auto failure = reader.parse(*count)) co_return exchange_result{*failure};
    if (!parser.done()) continue;
    const bool is_http = parser.response().status_code() != switching_protocols;
    const bool is_reusable = !reader.has_excess_bytes() && !send_failed && is_http && parser.keep_alive();
    co_return exchange_result{.response = std::move(parser.response()),
                              .is_reusable = is_reusable,
                              .has_excess_bytes = reader.has_excess_bytes(),
                              .received_at = received_at};
  }
}

std::optional<client_error> decode_content(client_response& response, std::size_t max_body_bytes) {
  // Each coding requires another decompression, so their number is limited.
  constexpr std::size_t max_codings = 3;
  if (response.body.empty() || !response.find("content-encoding")) return std::nullopt;
  std::vector<std::string_view> codings;
  for (const auto& [name, value] : response.fields) {
    if (!iequals(name, "content-encoding")) continue;
    std::string_view list = value;
    for (auto coding = next_content_coding(list); !coding.empty(); coding = next_content_coding(list)) {
      codings.push_back(coding);
    }
  }
  if (codings.empty()) return std::nullopt;
  if (codings.size() > max_codings) return client_error::body_malformed;
  // The codings are listed in the order in which they were applied (RFC 9110 section 8.4).
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    // The deflate coding is the zlib format (RFC 9110 section 8.4.1.2), which `gunzip` detects.
    const bool is_known = iequals(*coding, "gzip") || iequals(*coding, "x-gzip") || iequals(*coding, "deflate");
    if (!is_known) return client_error::body_malformed;
    bool is_too_large = false;
    auto decoded = gunzip(response.body, max_body_bytes, is_too_large);
    if (!decoded) return is_too_large ? client_error::body_too_large : client_error::body_malformed;
    response.body = std::move(*decoded);
  }
  response.fields.erase("content-encoding");
  return std::nullopt;
}

}  // namespace cohort::http
