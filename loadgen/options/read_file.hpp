// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/runtime/task.hpp>

namespace cohort::loadgen {

/// The content of a file of 1 byte to 64 MiB. Errors: one sentence with the path and the reason.
result<std::string, std::string> read_file(const std::string& path);

}  // namespace cohort::loadgen
