// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>

namespace cohort::telemetry {

class registry;

/// Adds metrics for the memory of the process and its limit, which are read at each scrape:
/// `cohort_memory_limit_bytes`, and with glibc
/// 2.33 or later `cohort_allocator_used_bytes`, `cohort_allocator_free_bytes` and `cohort_allocator_mapped_bytes`.
/// `root` is the directory that contains `proc` and `sys`.
void add_memory_metrics(registry& metrics, const std::filesystem::path& root = "/");

}  // namespace cohort::telemetry
