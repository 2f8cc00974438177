// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/service/service.hpp>
#include "services/gateway/routing/file_text.hpp"
#include "services/gateway/routing/gateway_route.hpp"
#include "services/gateway/routing/upstream_catalog.hpp"

namespace cohort::gateway {

/// The routes of one routes file in use. Immutable; thread-safe.
class route_table {
 public:
  struct dependencies {
    const service::service_context& context;
    const service::api_key_authenticator& keys;
    upstream_catalog& upstreams;
  };

  struct build_result {
    std::shared_ptr<const route_table> table;
    /// One line, which begins with the path of a file; empty on success.
    std::string error;
  };
  /// Reads the routes file at `path` and the key files that it refers to. Rate limits that are also in `previous` keep
  /// their counts; `previous` may be null. `dependencies` must outlive the table.
  static build_result build(const std::string& path, const dependencies& dependencies, const route_table* previous);

  /// The first matching route, or null. `path` is the request's `matching_path`.
  const gateway_route* find(const http::request_head& head, std::string_view path) const;

  const routes_file& file() const noexcept { return file_; }
  const std::vector<gateway_route>& routes() const noexcept { return routes_; }
  /// The routes file and the key files that it refers to.
  const std::vector<std::string>& files() const noexcept { return files_; }
  /// Whether the content of one of `files` has changed since the table was built.
  bool has_changed_files() const;

 private:
  route_table() = default;
  file_text read(const std::string& path, std::size_t max_bytes);
  /// Reads the key files that the routes file at `path` refers to. Returns the error, or an empty string.
  std::string add_verifiers(const std::string& path, verifier_map& verifiers);
  std::string add_route(const route_entry& entry, const dependencies& dependencies, const verifier_map& verifiers,
                        const route_table* previous);
  std::string make_backends(const route_entry& entry, const dependencies& dependencies, route_parts& parts) const;
  std::string make_mirror(const route_entry& entry, const dependencies& dependencies, route_parts& parts) const;
  http::filter make_limit(const route_entry& entry, const route_table* previous);

  routes_file file_;
  std::vector<gateway_route> routes_;
  std::vector<std::string> files_;
  /// The contents of `files_`, in the same order.
  std::vector<std::string> contents_;
  /// The rate limits, by route, rate and subject.
  std::map<std::string, http::filter> limits_;
};

}  // namespace cohort::gateway
