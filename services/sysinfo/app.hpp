// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>
#include "services/sysinfo/system_info.hpp"

namespace cohort::sysinfo {

/// `GET /api/sysinfo`: the machine and the limits of the container. `host_hostname` is reported as the host's name. If
/// it is empty, the kernel's host name is reported; in a container, this is the name of the container.
http::router app(std::string host_hostname, system_info_reader reader = system_info_reader{});

service::definition definition();

}  // namespace cohort::sysinfo
