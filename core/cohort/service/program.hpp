// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/service/service.hpp>
#include <cohort/service/settings.hpp>

namespace cohort::service {

/// Runs the services, whose options have been parsed, until SIGTERM or SIGINT; then drains them, after `drain_delay`. A
/// second signal terminates the process immediately, with status 128 + its number. The TLS files, and API keys from a
/// file, are reloaded on SIGHUP and when they change. Requests and connections are not affected. If a terminal of the
/// process has been closed, SIGHUP is handled like SIGTERM. Returns the exit status: 0; 2 if a port cannot be used,
/// with the reason on standard error; or the status of a failed start hook, with the reason in the log.
int run_until_signal(const std::string& program, const common_settings& settings, std::vector<definition> services);

}  // namespace cohort::service
