// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <span>

namespace cohort::service {
struct definition;
}

namespace cohort::faults {

/// Adds fault injection to the services of one program: the flag `--enable-faults` (environment variable
/// `ENABLE_FAULTS`), which enables `/api/faults` (see `fault_injector`) on each service. Without the flag, the services
/// are not changed. With the flag, the program exits with an error unless `--host` is a loopback address or an API key
/// is set. Must be called once for each program. `is_enabled` is set when the settings are parsed, before the services
/// are built.
void add_fault_injection(std::span<service::definition> services,
                         std::shared_ptr<bool> is_enabled = std::make_shared<bool>(false));
void add_fault_injection(service::definition& service,
                         std::shared_ptr<bool> is_enabled = std::make_shared<bool>(false));

}  // namespace cohort::faults
