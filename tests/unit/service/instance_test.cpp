// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/instance.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/runtime/version.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

service::definition make_definition(std::string version = {}) {
  service::definition definition;
  definition.name = "sample";
  definition.metric_prefix = "sample";
  definition.port = 80;
  if (!version.empty()) definition.version = std::move(version);
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [](http::request_context&) { return http::response{}.body("page", "text/plain"); });
    return routes;
  };
  return definition;
}

TEST_CASE("endpoint_url: a wildcard address becomes the loopback address", "[service][instance]") {
  const auto [address, url] = GENERATE(table<std::string, std::string>({
      {"192.0.2.1", "http://192.0.2.1:80"},
      {"0.0.0.0", "http://127.0.0.1:80"},
      {"2001:db8::1", "http://[2001:db8::1]:80"},
      {"::", "http://[::1]:80"},
  }));
  CHECK(service::endpoint_url({asio::ip::make_address(address), 80}).buffer() == url);
}

TEST_CASE("instance: cohort_build_info reports the version of the definition", "[service][instance][sim]") {
  sim::fleet fleet{1};
  const auto& versioned = fleet.add_service([] { return make_definition("4.5.6"); }, "versioned");
  const auto& unversioned = fleet.add_service([] { return make_definition(); }, "unversioned");
  CHECK(versioned.metrics().prometheus_text().find("cohort_build_info{version=\"4.5.6\"} 1") != std::string::npos);
  const auto own_version = "cohort_build_info{version=\"" + std::string{cohort::version()} + "\"} 1";
  CHECK(unversioned.metrics().prometheus_text().find(own_version) != std::string::npos);
}

/// Adds a flag and a route, and counts the calls of `begin_drain`.
class sample_extension final : public service::extension {
 public:
  explicit sample_extension(int& drains) : drains_(drains) {}

  void add_options(config::options& options) override {
    options.add(text_, {"--text", "EXTENSION_TEXT", "Text of the response"}, config::text(), "");
  }
  void install(const service::extension_context& context) override {
    CHECK(context.routes.routes().size() == 1);
    CHECK(context.loops.size() == 1);
    context.metrics.make_counter("sample_extension_total", "Test.").increment();
    context.routes.get("/extension",
                       [this](http::request_context&) { return http::response{}.body(text_, "text/plain"); });
  }
  void begin_drain() override { ++drains_; }

 private:
  int& drains_;
  std::string text_;
};

TEST_CASE("instance: an extension adds options and routes, and is notified before a drain",
          "[service][instance][sim]") {
  int drains = 0;
  sim::fleet fleet{1};
  const auto make_extended = [&drains] {
    auto definition = make_definition();
    definition.extensions.push_back(std::make_shared<sample_extension>(drains));
    return definition;
  };
  auto& node = fleet.add_service(make_extended, "sample", {{"EXTENSION_TEXT", "extended"}});
  CHECK(fleet.call("http://sample/")->body == "page");
  CHECK(fleet.call("http://sample/extension")->body == "extended");
  CHECK(node.metrics().prometheus_text().find("sample_extension_total 1") != std::string::npos);
  CHECK(drains == 0);
  fleet.run(fleet.stop(node, 1s));
  CHECK(drains > 0);
}

}  // namespace
}  // namespace cohort
