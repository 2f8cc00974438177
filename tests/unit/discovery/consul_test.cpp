// SPDX-License-Identifier: BSL-1.0
// The responses follow the documentation of Consul's HTTP API; they were not compared with a real agent.
#include <cohort/discovery/consul/consul_messages.hpp>
#include <cohort/discovery/consul/consul_source.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include <cohort/json/parser.hpp>
#include "tests/unit/discovery/discovery_fixture.hpp"

namespace cohort::test {
namespace {

// From https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service, shortened.
constexpr std::string_view documented_response = R"([
  {
    "Node": {
      "ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "foobar", "Address": "10.1.10.12", "Datacenter": "dc1",
      "TaggedAddresses": {"lan": "10.1.10.12", "wan": "10.1.10.12"}, "Meta": {"instance_type": "t2.medium"}
    },
    "Service": {
      "ID": "redis", "Service": "redis", "Tags": ["primary"], "Address": "10.1.10.13",
      "Meta": {"redis_version": "4.0"}, "Port": 8000, "Weights": {"Passing": 10, "Warning": 1}, "Namespace": "default"
    },
    "Checks": [{"Node": "foobar", "CheckID": "service:redis", "Status": "passing", "ServiceID": "redis"}]
  },
  {
    "Node": {"Node": "second", "Address": "10.1.10.14"},
    "Service": {"ID": "redis2", "Service": "redis", "Address": "", "Port": 8001},
    "Checks": []
  },
  {"Node": {"Address": "10.1.10.15"}, "Service": {"Service": "redis", "Address": "a.name.test", "Port": 8000}}
])";

TEST_CASE("Consul: the response in Consul's documentation is parsed", "[discovery][consul]") {
  const auto found = discovery::parse_consul_services(documented_response);
  REQUIRE(found);
  CHECK(*found == discovery::endpoint_list{{asio::ip::make_address("10.1.10.13"), 8000},
                                           {asio::ip::make_address("10.1.10.14"), 8001}});
  CHECK(discovery::parse_consul_services("[]")->empty());
  const std::string malformed_response = GENERATE("", "{}", "[{}]", "null", "[1]");
  CHECK_FALSE(discovery::parse_consul_services(malformed_response));
}

/// A simulated agent for one service. It lists the instances that have registered and renewed their check.
class simulated_agent {
 public:
  http::router router() {
    http::router routes;
    routes.put("/v1/agent/service/register", [this](http::request_context& request) { return add(request.body()); });
    routes.put("/v1/agent/check/pass/{check}", [this](http::request_context& request) {
      const std::string check{request.parameter("check")};
      const bool is_known = check.starts_with("service:") && instances.contains(check.substr(8));
      return is_known ? http::response{} : http::error_response(http::status::not_found, "Unknown check");
    });
    routes.put("/v1/agent/service/deregister/{id}", [this](http::request_context& request) {
      instances.erase(std::string{request.parameter("id")});
      change();
      return http::response{};
    });
    routes.get("/v1/health/service/api", [this](http::request_context& request) { return find(this, &request); });
    return routes;
  }
  void change() {
    ++index;
    changed_.set();
    changed_.reset();
  }

  /// The JSON of the member `Service` of each instance, by ID.
  std::map<std::string, std::string> instances;
  std::uint64_t index = 10;
  int query_count = 0;

 private:
  http::response add(std::string_view body) {
    simdjson::dom::element root;
    REQUIRE(json::parse_document(body, root));
    std::string_view id;
    std::string_view ttl;
    REQUIRE(root["ID"].get(id) == simdjson::SUCCESS);
    REQUIRE(root["Check"]["TTL"].get(ttl) == simdjson::SUCCESS);
    CHECK(ttl == "10s");
    instances[std::string{id}] = body;
    change();
    return http::response{};
  }
  static task<http::response> find(simulated_agent* self, http::request_context* request) {
    ++self->query_count;
    CHECK(request->query("passing") == "true");
    if (const auto index = request->query("index"); index && std::stoull(*index) == self->index) {
      CHECK(request->query("wait") == "55s");
      auto wait_task = self->changed_.wait(deadline::after(loop::current().now(), 55s));
      co_await std::move(wait_task);
    }
    std::string body;
    for (const auto& [id, service] : self->instances) {
      body.append(body.empty() ? "" : ",").append(R"({"Node":{},"Service":)" + service + "}");
    }
    http::response response;
    response.body("[" + body + "]", "application/json");
    response.set("X-Consul-Index", std::to_string(self->index));
    co_return response;
  }

  event changed_;
};

TEST_CASE("Consul: replicas register, are found immediately, and deregister", "[discovery][consul][sim]") {
  simulated_agent agent;
  sim::fleet fleet{1};
  fleet.add_stub_server("consul", 8500, [&] { return agent.router(); });
  const auto add_replica = [&](const std::string& name) {
    fleet.add_service([name] { return replica_definition(name); }, name, {{"REGISTER", "consul://consul"}});
  };
  add_replica("first");
  fleet.add_service(front_definition, "front", {{"API_URL", "consul://consul/api"}});
  fleet.run_for(1s);
  CHECK(agent.instances.begin()->first == "api-10-0-0-2-8080");
  load requests{fleet};
  requests.run(100);
  CHECK(requests.response_count("first") == 100);
  add_replica("second");
  requests.run(500, 2ms);
  CHECK(requests.response_count("second") > 0);

  fleet.run_for(300s);
  CHECK(agent.query_count < 20);
  // The agent has lost its data: the replicas re-register.
  agent.instances.clear();
  agent.change();
  requests.run(100, 100ms);
  CHECK(agent.instances.size() == 2);
  fleet.spawn(fleet.stop(*fleet.find("second"), 1s));
  requests.run(100);
  CHECK(agent.instances.size() == 1);
  CHECK(requests.failures() == 0);
}

}  // namespace
}  // namespace cohort::test
