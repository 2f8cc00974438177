// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/proxy/reverse_proxy.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <memory>
#include <stdexcept>

#include <cohort/config/http_url.hpp>
#include <cohort/http/message/request/dot_segment.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/proxy/forwarded_message.hpp>
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::http {
namespace {

/// Forwards the body of the client's request as the body of the upstream's request.
class forwarded_body final : public request_body_source {
 public:
  /// All arguments must outlive this object.
  forwarded_body(body_reader& body, const proxy_target& to, const request_context& context)
      : body_(body), to_(to), context_(context) {}

  task<result<std::string_view, client_error>> read(call_context context) override {
    auto read_task = body_.read(context);
    const auto part = co_await std::move(read_task);
    if (part) co_return *part;
    error_ = part.error();
    co_return client_error::request_body_failed;
  }
  std::optional<std::uint64_t> content_length() const override { return body_.content_length(); }
  /// Without a timeout in the options, the call has the timeout of the upstream, from the end of the body. At that
  /// time, the body reader has also set the deadline of the request.
  deadline response_deadline() override {
    const auto& settings = to_.target->settings();
    const auto timeout = to_.options.timeout ? duration::max() : settings.timeout;
    const auto now = loop::current().now();
    const auto reserve = std::min(settings.reserve, context_.deadline().remaining(now) / 4);
    const auto call_deadline = derive_deadline(context_.deadline(), now, timeout, reserve);
    limit_recorded_call(call_deadline);
    return call_deadline;
  }
  std::optional<body_error> error() const noexcept { return error_; }

 private:
  /// Caps the recorded deadline of the call, which is the deadline of the entire transfer. Otherwise, the record of a
  /// call that ends at the earlier deadline of the response would show no cause.
  void limit_recorded_call(deadline call_deadline) const noexcept {
    auto* const record = context_.timing().recording().get();
    if (!record) return;
    const decltype(telemetry::call_record::name) name{to_.target->name()};
    for (auto& call : record->all_calls()) {
      if (!call.has_ended() && call.name.view() == name.view()) call.deadline = std::min(call.deadline, call_deadline);
    }
  }

  body_reader& body_;
  const proxy_target& to_;
  const request_context& context_;
  std::optional<body_error> error_;
};

/// Sends the body of a response to the client. If the upstream truncates the body, the response is aborted.
task<> relay_body(std::shared_ptr<streamed_response> source, std::shared_ptr<const proxy_target> to,
                  deadline response_deadline, body_writer& output) {
  for (;;) {
    const auto idle_deadline = deadline::after(loop::current().now(), to->options.idle_timeout);
    auto read_task = source->body->read(std::min(response_deadline, idle_deadline));
    const auto part = co_await std::move(read_task);
    if (!part) output.abort();
    if (!part || part->empty()) co_return;
    auto write_task = output.write(std::string{*part});
    const bool is_written = co_await std::move(write_task);
    if (!is_written) co_return;
  }
}

/// The response to the client. A body that has been received completely together with its head is sent in one write.
response forward_response(streamed_response upstream_response, const std::shared_ptr<const proxy_target>& to,
                          deadline response_deadline) {
  response result{upstream_response.head.status};
  append_response_fields(result, upstream_response.head, *to);
  const auto type = upstream_response.head.find("content-type").value_or(std::string_view{});
  auto complete_body =
      upstream_response.body->is_complete() ? upstream_response.body->take_remaining_bytes() : std::string{};
  if (!complete_body.empty()) {
    result.body(std::move(complete_body), type);
    if (to->options.on_response) to->options.on_response(upstream_response.head, result);
  } else {
    const auto length = upstream_response.content_length();
    const auto source = std::make_shared<streamed_response>(std::move(upstream_response));
    const auto producer = [source, to, response_deadline](body_writer& output) {
      return relay_body(source, to, response_deadline, output);
    };
    result.stream(producer, source->head.find("content-type").value_or(std::string_view{}), length);
    if (to->options.on_response) to->options.on_response(source->head, result);
  }
  // A hop-by-hop field that this status requires (RFC 9110 section 15.5.22).
  if (result.code() == status::upgrade_required && !to->options.upgrades.empty()) {
    result.offer_upgrade(to->options.upgrades.front());
  }
  return result;
}

response forwarding_error(client_error error, std::optional<body_error> body, const upstream& target) {
  if (body) return body_error_response(*body);
  const auto code = proxy_status(error);
  if (code == status::gateway_timeout) return error_response(code, "The request to the upstream timed out");
  if (code == status::service_unavailable) {
    const auto rate_limit_wait = target.rate_limit_wait(loop::current().now());
    return overload_response("The upstream is unavailable, retry later",
                             std::max<duration>(rate_limit_wait, std::chrono::seconds{1}));
  }
  if (is_connect_failure(error) || error_class(error) == "dns")
    return error_response(code, "The upstream could not be reached");
  return error_response(code, "The upstream did not respond correctly");
}

response too_many_tunnels() { return overload_response("Too many upgraded connections, retry later"); }

/// Forwards an interim response. All arguments must outlive the task.
task<> forward_interim_response(request_context& context, const proxy_target& to, const client_response& head) {
  response interim{head.status};
  append_response_fields(interim, head, to);
  auto send_task = context.send_interim(interim);
  co_await std::move(send_task);
}

/// The response 101 to a client whose upgrade the upstream has accepted.
response forward_upgrade(streamed_response upstream_response, tunnel_group::permit permit, std::string_view protocol,
                         const proxy_target& to) {
  response result{status::switching_protocols};
  append_response_fields(result, upstream_response.head, to);
  const auto upstream =
      std::make_shared<tunnel_upstream>(tunnel_upstream{std::move(upstream_response), std::move(permit)});
  result.upgrade(protocol, [upstream](upgraded_connection& client) { return run_tunnel(upstream, client); });
  if (to.options.on_response) to.options.on_response(upstream->response.head, result);
  return result;
}

task<response> forward(std::shared_ptr<const proxy_target> to, request_context& context, body_reader& body) {
  const auto& head = context.head();
  // A proxy does not change the path (RFC 9110 section 7.7), so a path whose meaning depends on the upstream is
  // rejected.
  if (has_dot_segment(head.path)) {
    co_return error_response(
        status::bad_request,
        "The path has a dot segment (\".\" or \"..\", also percent-encoded), which is not forwarded");
  }
  const bool has_body = body.content_length() != 0;
  std::string upgrade;
  if (!has_body) upgrade = requested_upgrade(head, to->options.upgrades);
  std::optional<tunnel_group::permit> permit;
  if (!upgrade.empty()) {
    permit = tunnel_group::acquire(to->tunnels);
    if (!permit) co_return too_many_tunnels();
  }
  client_request request;
  if (!make_forwarded_request(request, *to, context, upgrade)) {
    co_return error_response(status::bad_request, "The target of the request is invalid");
  }
  if (to->options.on_request) to->options.on_request(context, request);

  forwarded_body source{body, *to, context};
  const interim_callback on_interim = [&context, target = to.get()](const client_response& interim) {
    return forward_interim_response(context, *target, interim);
  };
  open_options options{.timeout = to->options.timeout, .max_body_bytes = to->options.max_response_bytes};
  if (has_body) options.body = &source;
  if (!head.is_http_1_0) options.on_interim = &on_interim;
  auto open_task = to->target->open(std::move(request), context, options);
  auto opened = co_await std::move(open_task);
  if (!opened.response) co_return forwarding_error(opened.response.error(), source.error(), *to->target);
  auto& upstream_response = *opened.response;
  if (upstream_response.head.status == status::switching_protocols) {
    const std::string protocol{upstream_response.head.find("upgrade").value_or(std::string_view{})};
    const bool is_requested = permit && !protocol.empty() && has_list_element(upgrade, protocol);
    if (is_requested) co_return forward_upgrade(std::move(upstream_response), std::move(*permit), protocol, *to);
    co_return error_response(status::bad_gateway, "The upstream switched the protocol without a request for it");
  }
  const auto response_deadline = to->options.deadline_includes_body ? context.deadline() : deadline::never();
  co_return forward_response(std::move(upstream_response), to, response_deadline);
}

}  // namespace

status proxy_status(client_error error) noexcept {
  // A call is cancelled at the deadline of the request, or because the client has disconnected.
  if (is_timeout(error) || error == client_error::cancelled) return status::gateway_timeout;
  const auto name = error_class(error);
  const bool is_local_limit = error == client_error::no_file_descriptor || error == client_error::no_local_port;
  return name == "open" || name == "shed" || is_local_limit ? status::service_unavailable : status::bad_gateway;
}

streaming_handler proxy_to(std::shared_ptr<upstream> target, std::string_view base_url, proxy_options options) {
  if (!target) throw std::invalid_argument{"proxy_to: the upstream is null"};
  const auto parsed = config::parse_http_url(base_url);
  const auto target_origin = parsed ? origin_of(*parsed) : std::nullopt;
  if (!target_origin) {
    throw std::invalid_argument{"proxy_to: invalid base URL \"" + std::string{base_url} +
                                "\"; accepted: http and https URLs without user information, query and fragment, "
                                "and Unix domain sockets such as unix:/run/app.sock"};
  }
  if (!is_token(options.via)) {
    throw std::invalid_argument{"proxy_to: invalid name in Via \"" + options.via + "\"; accepted: tokens"};
  }
  const auto& prefix = options.strip_prefix;
  const bool is_path = prefix.starts_with('/') && !prefix.ends_with('/') && is_field_value(prefix);
  if (!prefix.empty() && !is_path) {
    throw std::invalid_argument{"proxy_to: invalid prefix \"" + prefix +
                                "\"; it starts with a slash, ends without one, and has no control characters"};
  }
  if (!std::all_of(options.upgrades.begin(), options.upgrades.end(), [](const auto& name) { return is_token(name); })) {
    throw std::invalid_argument{"proxy_to: invalid protocol in upgrades; accepted: tokens such as \"websocket\""};
  }
  std::string path{parsed->encoded_path()};
  while (path.ends_with('/')) path.pop_back();
  boost::urls::url origin{*boost::urls::parse_uri(parsed->encoded_origin())};
  const std::string public_origin{target_origin->is_unix_socket() ? "http://localhost"
                                                                  : std::string_view{origin.buffer()}};
  const tunnel_limits limits{options.max_tunnels, options.tunnel_idle_timeout, options.tunnel_half_closed_timeout,
                             options.tunnel_drain_time};
  auto tunnels = std::make_shared<tunnel_group>(target->metrics_registry(), target->name(), limits);
  const auto to = std::make_shared<const proxy_target>(
      proxy_target{std::move(target), std::move(origin), public_origin, path, std::move(options), std::move(tunnels)});
  return [to](request_context& context, body_reader& body) { return forward(to, context, body); };
}

}  // namespace cohort::http
