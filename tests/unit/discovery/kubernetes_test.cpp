// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/kubernetes/kubernetes_source.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include <cohort/http/server/content/body_writer.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/discovery/discovery_fixture.hpp"

namespace cohort::test {
namespace {

using discovery::endpoint_slices;
using event_result = endpoint_slices::event_result;

/// Returns one endpoint of a slice, with the conditions as JSON members.
std::string endpoint_json(const std::string& address, const std::string& conditions = R"("ready":true)") {
  return R"({"addresses":[")" + address + R"("],"conditions":{)" + conditions + "}}";
}

std::string slice_json(const std::string& name, int version, const std::string& endpoints) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"shop","resourceVersion":")" + std::to_string(version) +
         R"("},"addressType":"IPv4","endpoints":[)" + endpoints +
         R"(],"ports":[{"name":"metrics","port":9000,"protocol":"TCP"},{"name":"http","port":8080,"protocol":"TCP"}]})";
}

std::string list_json(int version, const std::string& items) {
  return R"({"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":")" +
         std::to_string(version) + R"("},"items":[)" + items + "]}";
}

std::string event_json(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

std::string text_of(const discovery::endpoint_list& endpoints) {
  std::string text;
  for (const auto& each : endpoints) {
    text.append(text.empty() ? "" : " ").append(each.address().to_string() + ":" + std::to_string(each.port()));
  }
  return text;
}

TEST_CASE("EndpointSlices: the port is selected by name or number; by default, the first port is used",
          "[discovery][kubernetes]") {
  const auto list = list_json(7, slice_json("a", 6, endpoint_json("10.0.0.1")));
  const auto endpoints_for = [&](const std::string& port) {
    endpoint_slices slices{port};
    REQUIRE(slices.replace(list));
    CHECK(slices.resource_version() == "7");
    return text_of(slices.endpoints());
  };
  CHECK(endpoints_for("http") == "10.0.0.1:8080");
  CHECK(endpoints_for("8080") == "10.0.0.1:8080");
  CHECK(endpoints_for("") == "10.0.0.1:9000");
  CHECK(endpoints_for("grpc") == "");
}

TEST_CASE(
    "EndpointSlices: ready endpoints are used; if there are none, terminating endpoints that still serve requests",
    "[discovery][kubernetes]") {
  endpoint_slices slices{"http"};
  const auto terminating = endpoint_json("10.0.0.2", R"("ready":false,"serving":true,"terminating":true)");
  const auto not_ready_endpoint = endpoint_json("10.0.0.3", R"("ready":false,"serving":false,"terminating":false)");
  REQUIRE(slices.replace(
      list_json(1, slice_json("a", 1, endpoint_json("10.0.0.1", "") + "," + terminating + "," + not_ready_endpoint))));
  CHECK(text_of(slices.endpoints()) == "10.0.0.1:8080");
  REQUIRE(slices.replace(list_json(2, slice_json("a", 2, terminating + "," + not_ready_endpoint))));
  CHECK(text_of(slices.endpoints()) == "10.0.0.2:8080");
}

TEST_CASE("EndpointSlices: the events of a watch update the endpoints", "[discovery][kubernetes]") {
  endpoint_slices slices{"http"};
  REQUIRE(slices.replace(list_json(1, slice_json("a", 1, endpoint_json("10.0.0.1")))));
  CHECK(slices.apply(event_json("ADDED", slice_json("b", 2, endpoint_json("10.0.0.2")))) == event_result::changed);
  CHECK(slices.apply(event_json("MODIFIED", slice_json("a", 3, endpoint_json("10.0.0.3")))) == event_result::changed);
  CHECK(text_of(slices.endpoints()) == "10.0.0.3:8080 10.0.0.2:8080");
  CHECK(slices.apply(event_json("DELETED", slice_json("b", 4, ""))) == event_result::changed);
  CHECK(slices.apply(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"9"}})")) == event_result::unchanged);
  CHECK(slices.resource_version() == "9");
  CHECK(text_of(slices.endpoints()) == "10.0.0.3:8080");
  for (const auto* malformed : {"", "{}", "[]", R"({"type":"ADDED"})", R"({"type":"ADDED","object":{}})"}) {
    INFO(malformed);
    CHECK(slices.apply(malformed) == event_result::malformed);
  }
  CHECK(slices.apply(event_json("ERROR", R"({"kind":"Status","code":410})")) == event_result::expired);
  CHECK(slices.resource_version().empty());
  CHECK_FALSE(slices.replace("{}"));
  CHECK(text_of(slices.endpoints()) == "10.0.0.3:8080");
}

/// A simulated API server that serves only the slices of one service.
class simulated_api_server {
 public:
  http::router router() {
    http::router routes;
    routes.get("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", [this](http::request_context& request) {
      authorization = std::string{request.head().find("authorization").value_or("")};
      CHECK(request.query("labelSelector") == "kubernetes.io/service-name=api");
      if (!request.query("watch")) {
        ++lists;
        return http::response{}.body(list_json(version_, slice_list_json()), "application/json");
      }
      ++watch_count;
      CHECK(request.query("allowWatchBookmarks") == "true");
      const auto from = std::stoi(std::string{*request.query("resourceVersion")});
      if (from < compacted_) return http::error_response(http::status::gone, "too old resource version");
      http::response response;
      response.stream([this, from](http::body_writer& out) { return stream_events(this, &out, from); },
                      "application/json");
      return response;
    });
    return routes;
  }
  void set(const std::string& name, const std::string& endpoints) {
    slices_[name] = slice_json(name, ++version_, endpoints);
    events_.emplace_back(version_, event_json("MODIFIED", slices_[name]));
    notify();
  }
  void erase(const std::string& name) {
    slices_.erase(name);
    ++version_;
    events_.emplace_back(version_, event_json("DELETED", slice_json(name, version_, "")));
    notify();
  }
  /// Discards all events so far. Open watches receive an error.
  void compact() {
    compacted_ = ++version_;
    events_.clear();
    notify();
  }

  std::string authorization;
  int lists = 0;
  int watch_count = 0;
  duration watch_duration = 60s;

 private:
  static task<> stream_events(simulated_api_server* self, http::body_writer* out, int from) {
    const auto watch_deadline = deadline::after(loop::current().now(), self->watch_duration);
    while (out->ok() && !out->draining() && !watch_deadline.expired(loop::current().now())) {
      std::string lines;
      if (from < self->compacted_) lines = event_json("ERROR", R"({"kind":"Status","code":410})") + "\n";
      for (const auto& [version, event] : self->events_) {
        if (version > from) lines.append(event + "\n");
      }
      from = self->version_;
      if (!lines.empty()) {
        auto send_task = out->write(std::move(lines));
        co_await std::move(send_task);
        continue;
      }
      auto wait_task = self->changed_.wait(watch_deadline);
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
    }
    auto confirm_task = out->write(
        event_json("BOOKMARK", R"({"metadata":{"resourceVersion":")" + std::to_string(self->version_) + "\"}}") + "\n");
    co_await std::move(confirm_task);
    out->mark_complete();
  }
  std::string slice_list_json() const {
    std::string text;
    for (const auto& [name, slice] : slices_) text.append(text.empty() ? "" : ",").append(slice);
    return text;
  }
  void notify() {
    changed_.set();
    changed_.reset();
  }

  std::map<std::string, std::string> slices_;
  std::vector<std::pair<int, std::string>> events_;
  int version_ = 1;
  int compacted_ = 0;
  event changed_;
};

/// Two replicas, an API server, and a front that watches them.
struct kubernetes_fixture {
  kubernetes_fixture() {
    server.set("api-1", endpoint_of("first"));
    fleet.add_service(front_definition, "front", {{"API_URL", "kubernetes://shop/api:http?api=http://kube:8001"}});
    fleet.run_for(1s);
  }
  ~kubernetes_fixture() {
    CHECK(requests.failures() == 0);
    fleet.shutdown();
    CHECK(fleet.leaks() == sim::no_leaks);
  }
  std::string endpoint_of(const std::string& replica) {
    return endpoint_json(fleet.find(replica)->host().address.to_string());
  }
  int known_endpoint_count() {
    const std::string series = R"(cohort_discovery_endpoints{upstream="api.shop.svc",source="kubernetes"})";
    return static_cast<int>(metric_value(*fleet.find("front"), series));
  }

  simulated_api_server server;
  sim::fleet fleet{1};
  sim::node& kube = fleet.add_stub_server("kube", 8001, [this] { return server.router(); });
  sim::node& first = fleet.add_service([] { return replica_definition("first"); }, "first");
  sim::node& second = fleet.add_service([] { return replica_definition("second"); }, "second");
  load requests{fleet};
};

TEST_CASE("Kubernetes: changes to the slices apply immediately", "[discovery][kubernetes][sim]") {
  kubernetes_fixture test;
  test.requests.run(100);
  CHECK(test.requests.response_count("first") == 100);
  test.server.set("api-2", test.endpoint_of("second"));
  test.requests.run(500, 2ms);
  CHECK(test.requests.response_count("second") > 0);
  test.server.erase("api-1");
  test.fleet.run_for(100ms);
  test.requests.clear_responses();
  test.requests.run(100);
  CHECK(test.requests.response_count("second") == 100);
  CHECK(test.server.lists == 1);
}

TEST_CASE("Kubernetes: a watch that ends is resumed from its last resource version", "[discovery][kubernetes][sim]") {
  kubernetes_fixture test;
  test.fleet.run_for(200s);
  CHECK(test.server.watch_count >= 3);
  CHECK(test.server.lists == 1);
  test.server.set("api-2", test.endpoint_of("second"));
  test.fleet.run_for(1s);
  CHECK(test.known_endpoint_count() == 2);
}

TEST_CASE("Kubernetes: after 410 Gone the slices are listed again", "[discovery][kubernetes][sim]") {
  kubernetes_fixture test;
  SECTION("in an event") {
    test.server.compact();
    test.server.set("api-2", test.endpoint_of("second"));
  }
  SECTION("the status of a new watch is 410") {
    test.fleet.kill(test.kube);
    test.server.compact();
    test.server.set("api-2", test.endpoint_of("second"));
    test.fleet.start(test.kube);
  }
  test.requests.run(100, 100ms);
  CHECK(test.server.lists == 2);
  CHECK(test.known_endpoint_count() == 2);
}

TEST_CASE("Kubernetes: an unreachable API server does not change the endpoints", "[discovery][kubernetes][sim]") {
  kubernetes_fixture test;
  test.fleet.power_off(test.kube);
  test.requests.run(200, 1s);
  CHECK(test.known_endpoint_count() == 1);
  test.fleet.start(test.kube);
  test.server.set("api-2", test.endpoint_of("second"));
  test.requests.run(10, 1s);
  CHECK(test.known_endpoint_count() == 2);
}

TEST_CASE("Kubernetes: the token file is reread for each request", "[discovery][kubernetes][sim]") {
  simulated_api_server server;
  sim::fleet fleet{1};
  fleet.add_stub_server("kube", 8001, [&] { return server.router(); });
  const temporary_directory directory;
  discovery::kubernetes_settings settings;
  settings.server = boost::urls::url{"http://kube:8001"};
  settings.token_file = directory.path() / "token";
  const auto target = *discovery::parse_service_target(boost::urls::url{"kubernetes://shop/api"});
  discovery::kubernetes_source source{fleet.network().network_for(fleet.network().add_host("pod")), settings, target};
  std::ofstream{settings.token_file} << "one\n";
  CHECK(fleet.run(source.next()).has_value());
  CHECK(server.authorization == "Bearer one");
  std::ofstream{settings.token_file} << "two";
  server.set("api-1", endpoint_json("10.0.0.1"));
  CHECK(fleet.run(source.next()).has_value());
  CHECK(server.authorization == "Bearer two");
}

TEST_CASE("Kubernetes: the URL selects the API server; the default is the API server of the pod's cluster",
          "[discovery][kubernetes]") {
  const auto settings_for = [](const char* url, std::map<std::string, std::string> variables) {
    const auto target = *discovery::parse_service_target(boost::urls::url{url});
    return discovery::make_kubernetes_settings(
        target, [&](const std::string& name) { return variables[name]; }, "/nonexistent");
  };
  const std::map<std::string, std::string> pod{{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
                                               {"KUBERNETES_SERVICE_PORT", "6443"}};
  CHECK(settings_for("kubernetes://a/b", pod)->server.buffer() == "https://10.96.0.1:6443");
  CHECK(settings_for("kubernetes://a/b", {{"KUBERNETES_SERVICE_HOST", "fd00::1"}})->server.buffer() ==
        "https://[fd00::1]:443");
  CHECK(settings_for("kubernetes://a/b?api=http://h:1", pod)->server.buffer() == "http://h:1");
  CHECK(settings_for("kubernetes://a/b", {}).error().find("KUBERNETES_SERVICE_HOST") != std::string::npos);
}

}  // namespace
}  // namespace cohort::test
