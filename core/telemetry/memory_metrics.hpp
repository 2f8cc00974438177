#pragma once

#include <filesystem>

#include "core/telemetry/metrics.hpp"

namespace cohort::telemetry {

/// What the process's memory is made of and how far it may grow, read at each scrape: `cohort_allocator_used_bytes`,
/// `cohort_allocator_free_bytes` and `cohort_allocator_mapped_bytes`, where the C library tells (glibc from 2.33), and
/// `cohort_memory_limit_bytes`. `root` is where `/proc` and `/sys` are.
void add_memory_metrics(registry& to, const std::filesystem::path& root = "/");

}  // namespace cohort::telemetry
