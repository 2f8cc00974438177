// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/service/service.hpp>
#include <cohort/service/settings.hpp>

namespace cohort::service {

/// Runs the services, whose options have been parsed, until SIGTERM or SIGINT; then drains them, after `drain_delay`. A
/// second signal terminates the process immediately, with status 128 + its number. The API keys, if they were read from
/// a file, and the TLS files are reloaded on SIGHUP and when they change; requests and connections are not affected.
/// If a terminal of the process has been closed, SIGHUP is handled like SIGTERM. Returns the exit status: 0, or 2 with
/// the reason on standard error if a port cannot be used, or the status of a failed start hook, whose reason is logged.
int run_until_signal(const std::string& program, const common_settings& settings, std::vector<definition> services);

}  // namespace cohort::service
