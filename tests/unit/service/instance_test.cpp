// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/instance.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <iostream>
#include <sstream>

#include <cohort/runtime/version.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/unit/net/peer.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

service::definition make_definition(std::string version = {}) {
  service::definition definition;
  definition.name = "sample";
  definition.metric_prefix = "sample";
  definition.port = 80;
  definition.version = std::move(version);
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [](http::request_context&) { return http::response{}.body("page", "text/plain"); });
    return routes;
  };
  return definition;
}

TEST_CASE("endpoint_url: a wildcard address becomes the loopback address, and a zone is percent-encoded",
          "[service][instance][case-5.3]") {
  const auto [address, url] = GENERATE(table<std::string, std::string>({
      {"192.0.2.1", "http://192.0.2.1:80"},
      {"0.0.0.0", "http://127.0.0.1:80"},
      {"2001:db8::1", "http://[2001:db8::1]:80"},
      {"::", "http://[::1]:80"},
      // No machine has an interface with this number, so the zone has no name.
      {"fe80::1%7777", "http://fe80%3A%3A1%257777:80"},
  }));
  CHECK(service::endpoint_url({asio::ip::make_address(address), 80}).buffer() == url);
}

TEST_CASE("instance: the version of the definition is reported, or no version if the definition has none",
          "[service][instance][sim]") {
  const auto [version, label, document] = GENERATE(table<std::string, std::string, std::string>({
      {"4.5.6", "\"4.5.6\"", "\"4.5.6\""},
      {"", "\"\"", "\"unspecified\""},
  }));
  sim::fleet fleet{1};
  const auto& node = fleet.add_service([text = version] { return make_definition(text); }, "sample");
  CHECK(node.metrics().prometheus_text().find("cohort_build_info{version=" + label + "} 1") != std::string::npos);
  const auto description = fleet.call("http://sample/openapi.json")->body;
  CHECK(description.find("\"title\":\"sample\",\"version\":" + document) != std::string::npos);
}

TEST_CASE("run: --version prints the version of the definition, or a note that there is no version",
          "[service][instance]") {
  const auto printed = [](std::string version) {
    const std::array<const char*, 2> arguments{"sample", "--version"};
    std::ostringstream output;
    auto* const standard_output = std::cout.rdbuf(output.rdbuf());
    const int status = service::run(2, arguments.data(), make_definition(std::move(version)));
    std::cout.rdbuf(standard_output);
    CHECK(status == 0);
    return output.str();
  };
  CHECK(printed("4.5.6") == "sample 4.5.6\n");
  CHECK(printed("") == "sample (no version; built with Cohort " + std::string{cohort::version()} + ")\n");
}

/// Adds a flag and a route, and counts the calls of `begin_drain`.
class sample_extension final : public service::extension {
 public:
  explicit sample_extension(int& drain_count) : drain_count_(drain_count) {}

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
  void begin_drain() override { ++drain_count_; }

 private:
  int& drain_count_;
  std::string text_;
};

TEST_CASE("instance: an extension adds options and routes, and is notified before a drain",
          "[service][instance][sim]") {
  int drain_count = 0;
  sim::fleet fleet{1};
  const auto make_extended_definition = [&drain_count] {
    auto definition = make_definition();
    definition.extensions.push_back(std::make_shared<sample_extension>(drain_count));
    return definition;
  };
  auto& node = fleet.add_service(make_extended_definition, "sample", {{"EXTENSION_TEXT", "extended"}});
  CHECK(fleet.call("http://sample/")->body == "page");
  CHECK(fleet.call("http://sample/extension")->body == "extended");
  CHECK(node.metrics().prometheus_text().find("sample_extension_total 1") != std::string::npos);
  CHECK(drain_count == 0);
  fleet.run(fleet.stop(node, 1s));
  CHECK(drain_count > 0);
}

/// Returns whether a new connection from another host is accepted.
bool accepts_connections(sim::fleet& fleet, sim::node& target) {
  auto* machine = fleet.network().find("other");
  if (!machine) machine = &fleet.network().add_host("other");
  const auto stream =
      fleet.run(fleet.network().network_for(*machine).connect({target.host().address, 80}, deadline::never()));
  return stream.has_value();
}

TEST_CASE("instance: during the drain delay a service is not ready, but accepts connections and serves requests",
          "[service][instance][sim]") {
  sim::fleet fleet{1};
  auto& node = fleet.add_service([] { return make_definition(); }, "sample", {{"DRAIN_DELAY", "3"}});
  const auto status_of = [&](const char* path) {
    const auto response = fleet.call(std::string{"http://sample"} + path);
    return response ? static_cast<int>(response->status) : 0;
  };
  CHECK(status_of("/readyz") == 200);
  fleet.spawn(fleet.stop(node, 1s, false));
  fleet.run_for(1ms);
  CHECK(status_of("/readyz") == 503);
  fleet.run_for(2900ms);
  CHECK(status_of("/readyz") == 503);
  CHECK(status_of("/health") == 200);
  CHECK(status_of("/") == 200);
  CHECK(fleet.call("http://sample/")->find("Connection") == "close");
  CHECK(accepts_connections(fleet, node));
  fleet.run_for(200ms);
  CHECK_FALSE(accepts_connections(fleet, node));
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("instance: without a drain delay, a service stops accepting connections immediately",
          "[service][instance][sim]") {
  sim::fleet fleet{1};
  auto& node = fleet.add_service([] { return make_definition(); }, "sample");
  CHECK(accepts_connections(fleet, node));
  fleet.spawn(fleet.stop(node, 1s, false));
  fleet.run_for(100ms);
  CHECK_FALSE(accepts_connections(fleet, node));
}

TEST_CASE("instance: a service closes idle connections after its idle timeout", "[service][instance][sim][case-5.8]") {
  const auto [setting, timeout] = GENERATE(table<std::string, duration>({{"", 75s}, {"5", 5s}, {"600", 600s}}));
  sim::fleet fleet{1};
  fleet.add_service([] { return make_definition(); }, "sample", {{"IDLE_TIMEOUT", setting}});
  auto& client_host = fleet.network().add_host("client");
  auto& network = fleet.network().network_for(client_host);
  const auto address = fleet.find("sample")->host().address;
  auto stream = fleet.run(network.connect({address, 80}, deadline::never()));
  REQUIRE(stream.has_value());
  const auto open_connections = [&] { return fleet.network().open_connections(); };
  fleet.run_for(timeout - 1s);
  CHECK(open_connections() == 1);
  const auto start = fleet.elapsed();
  const auto read = fleet.run(test::read_once(**stream));
  CHECK_FALSE(read.has_value());
  CHECK(fleet.elapsed() - start > 900ms);
  CHECK(fleet.elapsed() - start < 1200ms);
  (*stream)->close();
}

}  // namespace
}  // namespace cohort
