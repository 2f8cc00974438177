// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/debug/debug_routes.hpp>
#include "tests/unit/service/service_fixture.hpp"

namespace cohort::test {

inline const net::endpoint tested_endpoint{asio::ip::make_address("192.0.2.60"), 80};

/// A service with debug routes, and a handler at `/item` that calls `slow.test`.
struct debug_fixture : service_fixture {
  explicit debug_fixture(std::string key = {}, bool is_loopback = true) : service_fixture(std::move(key)) {
    slow.delay = 1s;
    add_server("slow.test", scripted_router("/", slow));
    caller = std::make_shared<http::upstream>(client, metrics, log, "slow", http::upstream_settings{.timeout = 2s});
    http::router routes;
    routes.get("/item", [this](request_context& context) { return call(caller, context); });
    service::add_debug_routes(routes, {.service = "tested-service",
                                       .loops = lifecycle.loops(),
                                       .clients = {&client},
                                       .server = [this]() -> http::server& { return tested_server->server(); },
                                       .lifecycle = lifecycle,
                                       .log = log,
                                       .authenticator = authenticator,
                                       .settings = {{.flag = "--mode",
                                                     .variable = "MODE",
                                                     .value = "fast",
                                                     .source = config::setting_report::value_source::variable},
                                                    {.flag = "--api-key", .variable = "API_KEY", .value = "(secret)"},
                                                    {.flag = "--title", .value = "<b>&"}},
                                       .is_loopback = is_loopback});
    service::add_api_description_routes(
        routes, {.title = "tested-service", .description = "A service", .version = "1.0", .includes_hidden = true},
        authenticator);
    tested_server.emplace(time, network, tested_endpoint, std::move(routes));
  }
  ~debug_fixture() { tested_server.reset(); }

  static task<http::response> call(std::shared_ptr<http::upstream> upstream, request_context& context) {
    http::client_request request;
    request.url = parse_url("http://slow.test/");
    auto call_task = upstream->call(std::move(request), context);
    const auto result = co_await std::move(call_task);
    co_return text_response(result.response ? "ok" : "failed");
  }
  peer connect() { return {time, *time.run(network.connect(tested_endpoint, deadline::never()))}; }
  received_response send(std::string_view method, std::string_view path, std::string_view fields = {},
                         std::string_view body = {}, std::string_view host = "127.0.0.1:5000") {
    auto connection = connect();
    std::string text{method};
    text.append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n").append(fields);
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    connection.send(text);
    return *connection.receive();
  }
  received_response get_debug(std::string_view path, std::string_view fields = {},
                              std::string_view host = "127.0.0.1:5000") {
    return send("GET", path, fields, {}, host);
  }

  scripted_response slow;
  std::shared_ptr<http::upstream> caller;
  std::optional<in_memory_server> tested_server;
};

}  // namespace cohort::test
