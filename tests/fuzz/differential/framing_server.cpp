// SPDX-License-Identifier: BSL-1.0
// The server of the differential fuzzer (differential.mjs): reports each request as it was framed.
//
// The response field `X-Seen: LENGTH HASH METHOD TARGET` describes the request: length in bytes and FNV-1a hash of its
// body, and its start line. With the environment variable FRONT_TOKEN, each request must have been forwarded by a
// reverse proxy that sets `X-Front` to this token. A line on standard output reports a request that was not forwarded
// as a request (smuggled), and a request that has become a part of another request's body (swallowed).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <cohort/service/service.hpp>

using namespace cohort;

namespace {

std::uint32_t hash(std::string_view text) noexcept {
  std::uint32_t value = 0x811C9DC5U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return value;
}

void report_request_smuggling(const http::request_context& context, std::string_view token) {
  if (token.empty()) return;
  const auto front = context.head().find("x-front");
  const auto& head = context.head();
  if (!front || *front != token) {
    std::printf("smuggled: %s %s\n", std::string{head.method_text}.c_str(), std::string{head.target}.c_str());
  }
  if (context.body().find(token) != std::string_view::npos) {
    std::printf("swallowed by: %s %s\n", std::string{head.method_text}.c_str(), std::string{head.target}.c_str());
  }
  std::fflush(stdout);
}

http::response describe(http::request_context& context) {
  static const char* const token = std::getenv("FRONT_TOKEN");
  report_request_smuggling(context, token ? token : "");
  const auto& head = context.head();
  http::response response;
  response.set("X-Seen", std::to_string(context.body().size()) + ' ' + std::to_string(hash(context.body())) + ' ' +
                             std::string{head.method_text} + ' ' + std::string{head.target});
  return response;
}

}  // namespace

int main(int argc, char** argv) {
  service::definition definition;
  definition.name = "framing-server";
  definition.metric_prefix = "framing_server";
  definition.description = "Reports how requests are framed";
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    using enum http::method;
    for (const auto verb : {get, post, put, patch, delete_, options}) {
      routes.add(verb, "/{path...}", [](http::request_context& context) { return describe(context); });
    }
    return routes;
  };
  return service::run(argc, argv, std::move(definition));
}
