// SPDX-License-Identifier: BSL-1.0
// The responses follow the documentation of Eureka's REST API; they were not compared with a real server.
#include <cohort/discovery/eureka/eureka_messages.hpp>
#include <cohort/discovery/eureka/eureka_source.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/json/parser.hpp>
#include "tests/unit/discovery/discovery_fixture.hpp"

namespace cohort::test {
namespace {

// An application as Eureka encodes it in JSON (https://github.com/Netflix/eureka/wiki/Eureka-REST-operations).
constexpr std::string_view documented_application = R"({"application":{"name":"MYAPP","instance":[
  {"instanceId":"a:myapp:8080","hostName":"a","app":"MYAPP","ipAddr":"10.0.0.10","status":"UP",
   "overriddenStatus":"UNKNOWN","port":{"$":8080,"@enabled":"true"},"securePort":{"$":8443,"@enabled":"true"},
   "countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},
   "leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90},"metadata":{"@class":"java.util.Collections$EmptyMap"},
   "vipAddress":"myapp","actionType":"ADDED"},
  {"instanceId":"b","ipAddr":"10.0.0.11","status":"DOWN","port":{"$":8080,"@enabled":"true"}},
  {"instanceId":"c","ipAddr":"10.0.0.12","status":"UP","port":{"$":"8081","@enabled":"true"}}]}})";

TEST_CASE("Eureka: the application in Eureka's documentation is parsed", "[discovery][eureka]") {
  CHECK(*discovery::parse_eureka_application(documented_application, false) ==
        discovery::endpoint_list{{asio::ip::make_address("10.0.0.10"), 8080},
                                 {asio::ip::make_address("10.0.0.12"), 8081}});
  CHECK(*discovery::parse_eureka_application(documented_application, true) ==
        discovery::endpoint_list{{asio::ip::make_address("10.0.0.10"), 8443}});
  constexpr std::string_view single =
      R"({"application":{"name":"A","instance":{"ipAddr":"10.0.0.1","status":"UP","port":{"$":80}}}})";
  CHECK(discovery::parse_eureka_application(single, false)->size() == 1);
  const std::string malformed_response = GENERATE("", "{}", "[]", R"({"application":{}})");
  CHECK_FALSE(discovery::parse_eureka_application(malformed_response, false));
}

/// A server with the registrations of one application.
class simulated_eureka {
 public:
  http::router router() {
    http::router routes;
    routes.post("/eureka/apps/api", [this](http::request_context& request) { return add(request.body()); });
    routes.put("/eureka/apps/api/{id}", [this](http::request_context& request) {
      ++heartbeat_count;
      const bool is_known = instances.contains(std::string{request.parameter("id")});
      return is_known ? http::response{} : http::error_response(http::status::not_found, "no such instance");
    });
    routes.del("/eureka/apps/api/{id}", [this](http::request_context& request) {
      instances.erase(std::string{request.parameter("id")});
      return http::response{};
    });
    routes.get("/eureka/apps/api", [this](http::request_context&) {
      if (instances.empty()) return http::error_response(http::status::not_found, "no such application");
      std::string list;
      for (const auto& [id, instance] : instances) list.append(list.empty() ? "" : ",").append(instance);
      return http::response{}.body(R"({"application":{"name":"API","instance":[)" + list + "]}}", "application/json");
    });
    return routes;
  }

  std::map<std::string, std::string> instances;
  int heartbeat_count = 0;

 private:
  http::response add(std::string_view body) {
    simdjson::dom::element root;
    REQUIRE(json::parse_document(body, root));
    std::string_view id;
    std::int64_t duration_seconds = 0;
    REQUIRE(root["instance"]["instanceId"].get(id) == simdjson::SUCCESS);
    REQUIRE(root["instance"]["leaseInfo"]["durationInSecs"].get(duration_seconds) == simdjson::SUCCESS);
    CHECK(duration_seconds == 30);
    CHECK(std::string_view{root["instance"]["dataCenterInfo"]["name"]} == "MyOwn");
    instances[std::string{id}] = simdjson::minify(root["instance"].value());
    return http::response{http::status::no_content};
  }
};

TEST_CASE("Eureka: replicas register, are found by the next poll, and deregister", "[discovery][eureka][sim]") {
  simulated_eureka server;
  sim::fleet fleet{1};
  auto& node = fleet.add_stub_server("eureka", 8761, [&] { return server.router(); });
  const auto add_replica = [&](const std::string& name) {
    fleet.add_service([name] { return replica_definition(name); }, name, {{"REGISTER", "eureka://eureka?ttl=30"}});
  };
  add_replica("first");
  fleet.run_for(1s);
  fleet.add_service(front_definition, "front", {{"API_URL", "eureka://eureka/api"}});
  load requests{fleet};
  requests.run(100);
  CHECK(requests.response_count("first") == 100);
  add_replica("second");
  fleet.run_for(5s);
  requests.run(500, 2ms);
  CHECK(requests.response_count("second") > 0);

  fleet.run_for(60s);
  CHECK(server.heartbeat_count >= 12);
  // The server has lost its data: the replicas re-register at their next heartbeat.
  server.instances.clear();
  requests.run(120, 100ms);
  CHECK(server.instances.size() == 2);
  fleet.kill(node);
  requests.run(300, 100ms);
  fleet.start(node);
  fleet.run_for(15s);
  fleet.spawn(fleet.stop(*fleet.find("second"), 1s));
  requests.run(100);
  CHECK(server.instances.size() == 1);
  CHECK(requests.failures() == 0);
}

}  // namespace
}  // namespace cohort::test
