// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::sysinfo {

/// The CPU's name from the text of /proc/cpuinfo, whose format depends on the architecture; "Unknown" if the text
/// contains no name. For 64-bit ARM and s390x, which report numbers, the common names are returned. The names of
/// different ARM cores are joined by " + ".
std::string processor_name(std::string_view cpuinfo);

}  // namespace cohort::sysinfo
