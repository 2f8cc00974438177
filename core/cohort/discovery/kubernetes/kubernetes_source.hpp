// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/discovery/kubernetes/endpoint_slices.hpp>

namespace cohort::discovery {

/// The API server and the credentials of a pod (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
struct kubernetes_settings {
  boost::urls::url server;
  /// The file of the service account's token. The file is reread for each request, because the token is rotated. No
  /// token is sent if the file does not exist.
  std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  /// The CA certificates that verify the API server, in PEM format. If empty, the system's CA certificates are used.
  std::string trusted_certificates{};
};

/// The settings for a service: the option `api`, otherwise `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`,
/// with the CA certificates in `ca_file`, if it exists. `variable` returns the value of an environment variable, or an
/// empty string. The error states which setting is missing.
result<kubernetes_settings, std::string> make_kubernetes_settings(
    const service_target& target, const std::function<std::string(const std::string& name)>& variable,
    const std::string& ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");

/// The ready endpoints of a service in a Kubernetes cluster: a list of its EndpointSlices, and a watch of their
/// changes. The service account must be allowed to list and watch `endpointslices` of the API group `discovery.k8s.io`
/// in the namespace.
class kubernetes_source final : public endpoint_source {
 public:
  /// The server ends a watch after this time. The API server sends a bookmark about once a minute.
  static constexpr std::chrono::seconds watch_duration{240};
  /// A watch that receives no message within this time is restarted.
  static constexpr duration watch_idle_timeout = std::chrono::seconds{100};

  /// `network` must outlive the source.
  kubernetes_source(net::network& network, const kubernetes_settings& settings, const service_target& target);

  task<result<endpoint_list, source_error>> next() override;

 private:
  task<std::optional<source_error>> list();
  task<std::optional<source_error>> open_watch();
  /// Reads one event and applies it. Empty if the watch has ended as expected and must be reopened.
  task<result<bool, source_error>> read_event();

  http::client transport_;
  api_client api_;
  /// The path of the service's slices and its query.
  std::string slices_target_;
  endpoint_slices slices_;
  std::optional<line_reader> watch_;
  /// Whether the watch has delivered an event. If a watch ends without an event, the next watch starts after a delay.
  bool has_event_ = false;
};

}  // namespace cohort::discovery
