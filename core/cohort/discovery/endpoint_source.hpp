// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// The addresses at which the replicas of a service accept connections, in any order, without duplicates.
using endpoint_list = std::vector<net::endpoint>;

/// The reason why a discovery source did not respond: one line for the log.
using source_error = std::string;

/// Watches the endpoints of one service in a discovery system, such as etcd or DNS. Used on one loop.
class endpoint_source {
 public:
  virtual ~endpoint_source() = default;

  /// The first call, and each call after an error, returns the endpoints once the discovery system has returned them.
  /// Later calls wait until the discovery system reports a change or confirms the list, which happens at least every 5
  /// minutes. After an error, the caller determines the delay before the next call. Only one call may run at a time.
  /// The source must outlive the call, even if the call is cancelled.
  virtual task<result<endpoint_list, source_error>> next() = 0;

 protected:
  endpoint_source() = default;
  endpoint_source(const endpoint_source&) = default;
  endpoint_source& operator=(const endpoint_source&) = default;
};

}  // namespace cohort::discovery
