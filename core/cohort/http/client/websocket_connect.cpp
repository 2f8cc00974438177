// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/websocket_connect.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>

#include <cohort/http/client/protocol/response_parser.hpp>
#include <cohort/http/websocket/handshake.hpp>
#include <cohort/http/websocket/permessage_deflate.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_head_bytes = 16 * 1024;
constexpr std::size_t read_size = 4 * 1024;
constexpr unsigned switching_protocols = 101;

using connect_result = result<websocket, websocket_connect_error>;

struct handshake_response {
  client_response response;
  /// The bytes after the header section.
  std::string remaining_bytes;
};

std::string random_key() {
  std::array<unsigned char, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const auto random = loop::current().random().next();
    for (std::size_t j = 0; j < 8; ++j) bytes[i + j] = static_cast<unsigned char>(random >> (8 * j));
  }
  return websocket_key(bytes);
}

void use_http_scheme(boost::urls::url& url) {
  if (iequals(url.scheme(), "ws")) url.set_scheme("http");
  if (iequals(url.scheme(), "wss")) url.set_scheme("https");
}

client_request make_request(const call_context& context, boost::urls::url url, const std::string& key,
                            const websocket_connect_options& options) {
  client_request request;
  request.url = std::move(url);
  request.trace = context.trace;
  request.fields = options.fields;
  auto& fields = request.fields;
  fields.emplace_back("Connection", "Upgrade");
  fields.emplace_back("Upgrade", "websocket");
  fields.emplace_back("Sec-WebSocket-Version", "13");
  fields.emplace_back("Sec-WebSocket-Key", key);
  if (options.compression) fields.emplace_back("Sec-WebSocket-Extensions", deflate_offer);
  std::string subprotocols;
  for (const auto& name : options.subprotocols) subprotocols.append(subprotocols.empty() ? "" : ", ").append(name);
  if (!subprotocols.empty()) fields.emplace_back("Sec-WebSocket-Protocol", subprotocols);
  if (!context.request_id.empty()) fields.emplace_back("X-Request-Id", context.request_id);
  return request;
}

/// Sends the request and reads the header section of the response, until the stream's deadline.
task<result<handshake_response, client_error>> exchange_handshake(net::stream& stream, recycled_string request) {
  const net::const_buffers buffers{asio::buffer(request), asio::const_buffer{}};
  const auto sent = co_await net::write_all(stream, buffers);
  if (!sent) co_return error_at_stage(sent.error(), client_error::send_timeout, client_error::send_failed);
  const response_parser::limits limits{max_head_bytes, max_head_bytes};
  std::optional<response_parser> parser;
  // As with HEAD, only the header section is read, not the body of an error.
  parser.emplace(limits, true);
  std::string input;
  for (;;) {
    const auto start = input.size();
    input.resize(start + read_size);
    auto read_task = stream.read_some(asio::buffer(input.data() + start, read_size));
    const auto size = co_await std::move(read_task);
    if (!size) {
      const auto error = start == 0 ? client_error::no_response : client_error::response_truncated;
      co_return error_at_stage(size.error(), client_error::response_timeout, error);
    }
    input.resize(start + *size);
    for (bool needs_more_input = true; needs_more_input;) {
      std::optional<client_error> failure;
      const auto consumed = parser->parse(input, failure);
      if (failure) co_return *failure;
      input.erase(0, consumed);
      if (parser->done()) {
        const auto code = parser->response().status_code();
        if (code >= 200 || code == switching_protocols)
          co_return handshake_response{std::move(parser->response()), std::move(input)};
        parser.emplace(limits, true);
      }
      needs_more_input = consumed > 0 && !input.empty();
    }
    if (input.size() >= max_head_bytes) co_return client_error::response_header_too_large;
  }
}

/// The violation in the server's handshake; null if there is none.
const char* find_error(const client_response& response, const std::string& key,
                       const websocket_connect_options& options) {
  if (response.status_code() != switching_protocols) return "the server did not switch protocols";
  const auto value = [&response](std::string_view name) { return response.find(name).value_or(std::string_view{}); };
  if (!iequals(value("upgrade"), "websocket")) return "the header field Upgrade must be websocket";
  if (!has_list_element(value("connection"), "upgrade")) return "the header field Connection must contain Upgrade";
  if (value("sec-websocket-accept") != websocket_accept_value(key))
    return "the header field Sec-WebSocket-Accept is invalid";
  const auto subprotocol = value("sec-websocket-protocol");
  const auto& offered_subprotocols = options.subprotocols;
  if (!subprotocol.empty() &&
      std::find(offered_subprotocols.begin(), offered_subprotocols.end(), subprotocol) == offered_subprotocols.end())
    return "the server chose a subprotocol that was not offered";
  const auto extension = value("sec-websocket-extensions");
  if (!extension.empty() && (!options.compression || !is_valid_deflate_response(extension)))
    return "the server chose an extension or a parameter that was not offered";
  return nullptr;
}

websocket_connect_error error_from(client_error reason) { return {reason, 0, make_error_code(reason).message()}; }

}  // namespace

task<connect_result> websocket_connect(call_context context, client& transport, boost::urls::url url,
                                       websocket_connect_options options) {
  use_http_scheme(url);
  const auto target = origin_of(url);
  const auto key = random_key();
  const auto request = make_request(context, std::move(url), key, options);
  if (!target || !has_valid_fields(request)) co_return error_from(client_error::invalid_request);
  auto connect_task = transport.connect(*target, context.deadline);
  auto stream = co_await std::move(connect_task);
  if (!stream) co_return error_from(stream.error());
  (*stream)->set_deadline(context.deadline);
  auto exchange_task = exchange_handshake(**stream, serialize(request));
  auto handshake_result = co_await std::move(exchange_task);
  if (!handshake_result) co_return error_from(handshake_result.error());
  const auto& response = handshake_result->response;
  if (const auto* error = find_error(response, key, options)) {
    websocket_connect_error failure{client_error::response_malformed, response.status_code(), error};
    co_return failure;
  }
  websocket_connection::parameters parameters{options.connection, websocket_role::client,
                                              response.find("sec-websocket-extensions").has_value(),
                                              std::move(handshake_result->remaining_bytes), nullptr};
  std::string subprotocol{response.find("sec-websocket-protocol").value_or(std::string_view{})};
  auto& used_stream = **stream;
  auto connection = std::make_shared<websocket_connection>(used_stream, std::move(*stream), std::move(parameters));
  connection->start();
  co_return websocket{std::move(connection), std::move(subprotocol)};
}

}  // namespace cohort::http
