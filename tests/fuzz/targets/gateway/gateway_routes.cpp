// SPDX-License-Identifier: BSL-1.0
// Fuzzes the routes file of the gateway, and the request paths that its routes match.
#include <algorithm>
#include <string>

#include <cohort/json/encode.hpp>
#include "services/gateway/routes_file/routes_file.hpp"
#include "services/gateway/routing/request_path.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::gateway_routes_target {
namespace {

using namespace gateway;

void check_file(std::string_view input) {
  const auto file = parse_routes(input, "routes.json");
  if (!file) {
    const auto& error = file.error();
    require(error.starts_with("routes.json") && error.size() < 65'536, "an error begins with the path and is short");
    require(error.find('\n') == std::string::npos, "an error is one line");
    return;
  }
  require(!file->routes.empty() && !file->upstreams.empty(), "a file has routes and upstreams");
  for (const auto& route : file->routes) {
    for (const auto& backend : route.backends) {
      require(file->upstreams.contains(backend.upstream), "the backend of a route is an upstream");
    }
    require(!route.auth || route.auth->jwt.has_value() != route.auth->api_key.has_value(),
            "a route with authentication has one kind of authentication");
    require(!route.auth || !route.auth->jwt || file->jwt.contains(*route.auth->jwt), "a verifier of a route exists");
  }
  const auto text = json::encode(*file);
  const auto again = parse_routes(text, "routes.json");
  require(again && json::encode(*again) == text, "parsing a printed file returns the same routes");
}

void check_path(std::string_view path) {
  std::string storage;
  const auto normalized_path = matching_path(path, storage);
  if (!normalized_path) return;
  require(normalized_path->find("//") == std::string_view::npos || path == *normalized_path, "slashes are merged");
  for (auto rest = *normalized_path; !rest.empty();) {
    const auto segment = rest.substr(0, rest.find('/'));
    require(segment != "." && segment != ".." && !segment.starts_with("..;"), "a normalized path has no dot segments");
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
  }
  require(normalized_path->find('\\') == std::string_view::npos, "a normalized path has no backslash");
  require(is_below(*normalized_path, *normalized_path) && is_below(*normalized_path, ""),
          "a path and the empty string are prefixes of the path");
  const std::string prefix{*normalized_path};
  require(is_below(prefix + "/x", prefix) && !is_below("", prefix), "a prefix ends at a slash or at the end");
  require(is_below(prefix + "x", prefix) == prefix.ends_with('/'), "a prefix ends at the end of a segment");
}

void run(std::string_view input) {
  check_file(input);
  for (const auto line : lines(input)) {
    if (line.starts_with('/')) check_path(line);
    require(host_without_port(line).size() <= line.size(), "a host is a part of the field");
  }
}

const registration fuzz_registration{{.name = "gateway_routes", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::gateway_routes_target
