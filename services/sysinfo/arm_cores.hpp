// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::sysinfo {

/// The name of an ARM core, such as "ARM Neoverse-N1", for the hexadecimal numbers that /proc/cpuinfo reports as
/// "CPU implementer" and "CPU part". For an unknown part, the name consists of the implementer and the number: "Apple
/// CPU part 0x055". Returns an empty result for an unknown implementer.
std::optional<std::string> arm_core_name(std::string_view implementer, std::string_view part);

}  // namespace cohort::sysinfo
