// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// The endpoints in one EndpointSlice.
struct endpoint_slice {
  /// Endpoints that are ready. A condition that is absent counts as ready.
  endpoint_list ready;
  /// Endpoints of terminating pods that still serve requests.
  endpoint_list terminating;
};

/// The EndpointSlices of one service (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/
/// endpoint-slice-v1/), from a list and the events of a watch.
class endpoint_slices {
 public:
  /// `port` is the name of a port of the service or the number of a port of its pods; the first port if empty.
  explicit endpoint_slices(std::string port) : port_(std::move(port)) {}

  /// Replaces all slices with the slices of an EndpointSliceList. Returns false, without effect, if `json` is not an
  /// EndpointSliceList.
  bool replace(std::string_view json);

  enum class event_result {
    changed,
    /// A bookmark, or an event of an unknown type: the slices are unchanged.
    unchanged,
    /// The resource version is too old, or the server reports another error. A new list is required.
    expired,
    /// The JSON is not an event.
    malformed,
  };
  /// Applies one event of a watch.
  event_result apply(std::string_view json);

  /// The resource version to watch from; empty before a list and after `expired`.
  const std::string& resource_version() const noexcept { return resource_version_; }
  /// Requires a new list: clears the resource version.
  void expire() noexcept { resource_version_.clear(); }

  /// The ready endpoints; if there are none, the terminating endpoints that still serve requests, as in kube-proxy.
  endpoint_list endpoints() const;

 private:
  std::string port_;
  std::string resource_version_;
  std::map<std::string, endpoint_slice> slices_;
};

}  // namespace cohort::discovery
