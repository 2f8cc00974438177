// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/kubernetes/kubernetes_source.hpp>

#include <boost/url/parse.hpp>
#include <fstream>
#include <iterator>
#include <utility>

#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {
namespace {

net::tls_client_settings tls_settings(const kubernetes_settings& settings) {
  net::tls_client_settings tls;
  tls.trusted_certificates = settings.trusted_certificates;
  return tls;
}

/// The `Authorization` field, if there is a token.
std::vector<std::pair<std::string, std::string>> credentials(const std::string& token_file) {
  std::ifstream file{token_file};
  std::string token;
  if (!std::getline(file, token) || token.empty()) return {};
  return {{"Authorization", "Bearer " + token}};
}

/// Returns the name of the service in `SERVICE[:PORT]`.
std::string service_of(const std::string& name) { return name.substr(0, name.find(':')); }

/// Returns the port in `SERVICE[:PORT]`; empty if there is none.
std::string port_of(const std::string& name) {
  const auto colon = name.find(':');
  return colon == std::string::npos ? std::string{} : name.substr(colon + 1);
}

}  // namespace

result<kubernetes_settings, std::string> make_kubernetes_settings(
    const service_target& target, const std::function<std::string(const std::string& name)>& variable,
    const std::string& ca_file) {
  kubernetes_settings settings;
  auto address = target.option("api");
  if (address.empty()) {
    auto host = variable("KUBERNETES_SERVICE_HOST");
    const auto port = variable("KUBERNETES_SERVICE_PORT");
    if (host.empty()) {
      return "kubernetes://" + target.scope + "/" + target.name +
             " needs the API server: run in a pod, which has KUBERNETES_SERVICE_HOST, or add ?api=http://HOST:PORT";
    }
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    address = "https://" + host + ":" + (port.empty() ? "443" : port);
  }
  const auto url = config::http_url().parse(address);
  if (!url) return "the address of the Kubernetes API server is \"" + address + "\", but must be a URL";
  settings.server = *url;
  std::ifstream file{ca_file};
  settings.trusted_certificates.assign(std::istreambuf_iterator<char>{file}, {});
  return settings;
}

kubernetes_source::kubernetes_source(net::network& network, const kubernetes_settings& settings,
                                     const service_target& target)
    : transport_(network, 1, api_client_settings(tls_settings(settings))),
      api_(transport_, settings.server, [file = settings.token_file] { return credentials(file); }),
      slices_target_("/apis/discovery.k8s.io/v1/namespaces/" + target.scope +
                     "/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D" + service_of(target.name)),
      slices_(port_of(target.name)) {}

task<result<endpoint_list, source_error>> kubernetes_source::next() {
  if (slices_.resource_version().empty()) {
    auto list_task = list();
    if (auto error = co_await std::move(list_task)) co_return std::move(*error);
    co_return slices_.endpoints();
  }
  for (;;) {
    if (!watch_) {
      auto open_task = open_watch();
      if (auto error = co_await std::move(open_task)) co_return std::move(*error);
    }
    auto read_task = read_event();
    const auto has_event = co_await std::move(read_task);
    if (!has_event) {
      watch_.reset();
      co_return has_event.error();
    }
    if (*has_event) co_return slices_.endpoints();
    watch_.reset();
  }
}

task<std::optional<source_error>> kubernetes_source::list() {
  watch_.reset();
  auto send_task = api_.send(http::method::get, slices_target_, {});
  const auto response = co_await std::move(send_task);
  if (!response) co_return response.error();
  if (!slices_.replace(response->body)) co_return "the API server's response is not an EndpointSliceList";
  co_return std::nullopt;
}

task<std::optional<source_error>> kubernetes_source::open_watch() {
  auto target = slices_target_ +
                "&watch=true&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(watch_duration.count()) +
                "&resourceVersion=" + slices_.resource_version();
  auto open_task = api_.open(http::method::get, std::move(target), {});
  auto response = co_await std::move(open_task);
  if (!response) {
    // For example, status 410 means that the resource version is too old.
    slices_.expire();
    co_return response.error();
  }
  watch_.emplace(std::move(response->body));
  has_event_ = false;
  co_return std::nullopt;
}

task<result<bool, source_error>> kubernetes_source::read_event() {
  using result_type = result<bool, source_error>;
  auto read_task = watch_->next(deadline::after(loop::current().now(), watch_idle_timeout));
  const auto line = co_await std::move(read_task);
  if (!line) {
    const bool is_expected =
        line.error() == line_reader::failure::timed_out || (line.error() == line_reader::failure::ended && has_event_);
    if (is_expected) co_return result_type{boost::system::in_place_value, false};
    co_return source_error{to_string(line.error())};
  }
  has_event_ = true;
  switch (slices_.apply(*line)) {
    case endpoint_slices::event_result::malformed:
      slices_.expire();
      co_return source_error{"the API server sent an invalid watch event"};
    case endpoint_slices::event_result::expired:
      co_return source_error{"the resource version of the watch has expired"};
    default: co_return result_type{boost::system::in_place_value, true};
  }
}

}  // namespace cohort::discovery
