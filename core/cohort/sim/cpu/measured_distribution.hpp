// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>
#include <cohort/sim/cpu/distribution.hpp>

namespace cohort::sim {

/// The service times of one target in the JSON report of `loadgen`. `target` may be empty if the report has only one
/// target. The error is a message. A report with the verdict `invalid` is an error, because its times include delays of
/// the generator.
result<distribution, std::string> distribution_from_loadgen_report(std::string_view json, std::string_view target = {});

/// A histogram in the text format of Prometheus: the sum of all series of `metric` that have at least these labels.
/// `metric` is the histogram's name without `_bucket` and must end in `_seconds`. The error is a message.
result<distribution, std::string> distribution_from_prometheus(
    std::string_view text, std::string_view metric, const std::map<std::string, std::string, std::less<>>& labels = {});

}  // namespace cohort::sim
