// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/proxy/reverse_proxy.hpp>

#include <boost/url/parse.hpp>
#include <memory>
#include <stdexcept>

#include <cohort/http/client/protocol/url_encoding.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/proxy/forwarded_fields.hpp>

namespace cohort::http {
namespace {

/// The state of the handler, shared by its copies.
struct proxy_target {
  upstream& target;
  /// Scheme and authority, without a slash at the end.
  std::string origin;
  /// The path of the base URL, without a slash at the end.
  std::string base_path;
  proxy_options options;
};

/// The body of the client's request as that of the upstream's.
class forwarded_body final : public request_body_source {
 public:
  explicit forwarded_body(body_reader& body) : body_(body) {}

  task<result<std::string_view, client_error>> read(call_context context) override {
    auto reading = body_.read(context);
    const auto part = co_await std::move(reading);
    if (part) co_return *part;
    error_ = part.error();
    co_return client_error::request_body_failed;
  }
  std::optional<std::uint64_t> content_length() const override { return body_.content_length(); }
  std::optional<body_error> error() const noexcept { return error_; }

 private:
  body_reader& body_;
  std::optional<body_error> error_;
};

/// Fields of the request that the client sets itself or that this server has acted upon.
bool is_replaced_request_field(const header_field& field) noexcept {
  return field.id == field::host || field.id == field::content_length || field.id == field::expect ||
         field.id == field::via || iequals(field.name, "x-request-id") || iequals(field.name, "traceparent") ||
         iequals(field.name, "tracestate") || iequals(field.name, envoy_timeout_field) ||
         iequals(field.name, grpc_timeout_field) || is_forwarded_field(field.name);
}

/// Fields of the response that the server writes itself.
bool is_replaced_response_field(std::string_view name) noexcept {
  return iequals(name, "content-length") || iequals(name, "date") || iequals(name, "via");
}

/// The path of the request below the base URL.
std::string_view forwarded_path(std::string_view path, std::string_view prefix) noexcept {
  if (prefix.empty() || !path.starts_with(prefix)) return path;
  const auto rest = path.substr(prefix.size());
  return rest.empty() || rest.front() == '/' ? rest : path;
}

std::optional<boost::urls::url> target_url(const proxy_target& to, const request_head& head) {
  auto text = to.origin + to.base_path;
  const auto path = forwarded_path(head.path, to.options.strip_prefix);
  text.append(path.empty() && to.base_path.empty() ? "/" : path);
  if (!head.query.empty()) text.append("?").append(head.query);
  const auto encoded = encode_invalid_characters(text);
  const auto parsed = boost::urls::parse_uri(encoded);
  if (!parsed) return std::nullopt;
  return boost::urls::url{*parsed};
}

void append_request_fields(client_request& request, const proxy_target& to, const request_context& context) {
  const auto& head = context.head();
  hop_by_hop_fields hop_by_hop;
  std::string via;
  for (const auto& field : head.fields) {
    if (field.id == field::connection) hop_by_hop.add_connection(field.value);
    if (field.id == field::via) via.append(via.empty() ? "" : ", ").append(field.value);
  }
  request.fields.reserve(head.fields.size() + 8);
  for (const auto& field : head.fields) {
    if (is_replaced_request_field(field) || hop_by_hop.contains(field.name)) continue;
    request.fields.emplace_back(std::string{field.name}, std::string{field.value});
  }
  // Without a trusted proxy, the client's address is the one of the connection, or of its PROXY protocol header.
  const bool is_trusted = context.is_from_trusted_proxy();
  const auto address = is_trusted ? context.peer_address() : context.client_address();
  append_forwarded_fields(request.fields, head, {address, context.tls() != nullptr, is_trusted});
  request.fields.emplace_back("Via", via_value(via, head.is_http_1_0, to.options.via));
}

/// The `Location` of a response, below this proxy if it is below the base URL.
std::string location_of(std::string_view location, const proxy_target& to) {
  const auto& prefix = to.options.strip_prefix;
  auto path = location;
  if (path.starts_with(to.origin)) path.remove_prefix(to.origin.size());
  const bool is_here = path.size() < location.size() ? (path.empty() || path.front() == '/')
                                                     : (path.starts_with('/') && !path.starts_with("//"));
  const bool is_below =
      path.starts_with(to.base_path) && (path.size() == to.base_path.size() || path[to.base_path.size()] == '/');
  if (!is_here || !is_below) return std::string{location};
  return prefix + std::string{path.substr(to.base_path.size())};
}

void append_response_fields(response& result, const client_response& head, const proxy_target& to) {
  hop_by_hop_fields hop_by_hop;
  std::string via;
  for (const auto& [name, value] : head.fields) {
    if (iequals(name, "connection")) hop_by_hop.add_connection(value);
    if (iequals(name, "via")) via.append(via.empty() ? "" : ", ").append(value);
  }
  for (const auto& [name, value] : head.fields) {
    if (is_replaced_response_field(name) || hop_by_hop.contains(name) || iequals(name, "content-type")) continue;
    result.set(name, iequals(name, "location") ? location_of(value, to) : value);
  }
  result.set("Via", via_value(via, false, to.options.via));
}

/// Sends the body of a response to the client. A body that the upstream truncates is aborted.
task<> relay_body(std::shared_ptr<streamed_response> source, std::shared_ptr<const proxy_target> to,
                  deadline response_deadline, body_writer& output) {
  for (;;) {
    const auto idle_deadline = deadline::after(loop::current().now(), to->options.idle_timeout);
    auto reading = source->body->read(std::min(response_deadline, idle_deadline));
    const auto part = co_await std::move(reading);
    if (!part) output.abort();
    if (!part || part->empty()) co_return;
    auto writing = output.write(std::string{*part});
    const bool is_written = co_await std::move(writing);
    if (!is_written) co_return;
  }
}

/// The response to the client. A body that has been received completely together with its head is sent in one write.
task<response> forward_response(streamed_response from, std::shared_ptr<const proxy_target> to,
                                deadline response_deadline) {
  response result{from.head.status};
  const std::string type{from.head.find("content-type").value_or(std::string_view{})};
  append_response_fields(result, from.head, *to);
  const auto source = std::make_shared<streamed_response>(std::move(from));
  std::string whole;
  if (source->body->is_complete()) {
    auto reading = source->body->read(response_deadline);
    if (const auto part = co_await std::move(reading)) whole = *part;
  }
  if (!whole.empty()) {
    result.body(std::move(whole), type);
  } else {
    const auto producer = [source, to, response_deadline](body_writer& output) {
      return relay_body(source, to, response_deadline, output);
    };
    result.stream(producer, type, source->content_length());
  }
  if (to->options.on_response) to->options.on_response(source->head, result);
  co_return result;
}

response forwarding_error(client_error error, std::optional<body_error> body) {
  if (body) return body_error_response(*body);
  const auto code = proxy_status(error);
  if (code == status::gateway_timeout) return error_response(code, "The upstream did not respond in time");
  if (code == status::service_unavailable) return error_response(code, "The upstream is not available, retry later");
  return error_response(code, "The upstream did not respond correctly");
}

task<response> forward(std::shared_ptr<const proxy_target> to, request_context& context, body_reader& body) {
  const auto& head = context.head();
  if (head.method == method::trace || head.method == method::connect) {
    co_return error_response(status::method_not_allowed, "The method cannot be forwarded");
  }
  auto url = target_url(*to, head);
  if (!url) co_return error_response(status::bad_request, "The target of the request is invalid");
  client_request request{.method = head.method, .url = std::move(*url)};
  if (to->options.preserve_host) request.host = head.find(field::host).value_or(std::string_view{});
  append_request_fields(request, *to, context);
  if (to->options.on_request) to->options.on_request(context, request);

  forwarded_body source{body};
  open_options options{.timeout = to->options.timeout, .max_body_bytes = to->options.max_response_bytes};
  if (body.content_length() != 0) options.body = &source;
  auto opening = to->target.open(std::move(request), context, options);
  auto opened = co_await std::move(opening);
  if (!opened.response) co_return forwarding_error(opened.response.error(), source.error());
  if (opened.response->head.status == status::switching_protocols) {
    co_return error_response(status::bad_gateway, "The upstream switched the protocol without a request for it");
  }
  const auto response_deadline = to->options.deadline_includes_body ? context.deadline() : deadline::never();
  auto forwarding = forward_response(std::move(*opened.response), to, response_deadline);
  co_return co_await std::move(forwarding);
}

}  // namespace

status proxy_status(client_error error) noexcept {
  if (is_timeout(error)) return status::gateway_timeout;
  const auto name = error_class(error);
  const bool is_local_limit = error == client_error::no_file_descriptor || error == client_error::no_local_port;
  return name == "open" || name == "shed" || is_local_limit ? status::service_unavailable : status::bad_gateway;
}

streaming_handler proxy_to(upstream& target, std::string_view base_url, proxy_options options) {
  const auto parsed = boost::urls::parse_uri(base_url);
  if (!parsed || !origin_of(boost::urls::url{*parsed}) || parsed->has_query() || parsed->has_fragment() ||
      parsed->has_userinfo()) {
    throw std::invalid_argument{"proxy_to: invalid base URL \"" + std::string{base_url} +
                                "\"; accepted are http and https URLs without user information, query and fragment"};
  }
  if (!is_token(options.via)) {
    throw std::invalid_argument{"proxy_to: invalid name in Via \"" + options.via + "\"; accepted are tokens"};
  }
  if (!options.strip_prefix.empty() && (options.strip_prefix.front() != '/' || options.strip_prefix.back() == '/')) {
    throw std::invalid_argument{"proxy_to: invalid prefix \"" + options.strip_prefix +
                                "\"; it starts with a slash and ends without one"};
  }
  std::string path{parsed->encoded_path()};
  while (path.ends_with('/')) path.pop_back();
  const std::string origin{parsed->encoded_origin()};
  const auto to = std::make_shared<const proxy_target>(proxy_target{target, origin, path, std::move(options)});
  return [to](request_context& context, body_reader& body) { return forward(to, context, body); };
}

}  // namespace cohort::http
