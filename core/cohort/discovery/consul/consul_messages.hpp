// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// The endpoints in the response of `/v1/health/service/NAME` (https://developer.hashicorp.com/consul/api-docs/health):
/// the service's address, or else the address of its node. Entries whose address is not an IP address are omitted.
/// Empty if `json` is not a valid response.
std::optional<endpoint_list> parse_consul_services(std::string_view json);

}  // namespace cohort::discovery
