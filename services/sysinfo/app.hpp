#pragma once

#include "core/service/service.hpp"
#include "services/sysinfo/machine.hpp"

namespace cohort::sysinfo {

/// `GET /api/sysinfo`: the machine, and the limits of the container around us. `host_hostname` stands for the machine's
/// own name if not empty, as inside a container the kernel only knows the container's.
http::router app(std::string host_hostname, machine_reader machine = machine_reader{});

service::definition definition();

}  // namespace cohort::sysinfo
