// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "services/dashboard/page/page_values.hpp"

// The text of the first HTML. The script of the page (`dashboard-ui/src`) shows the same text.
namespace cohort::dashboard {

/// The HTML for a slot of the page, such as `time.fact`; empty if it is not known.
std::string slot_html(const page_values::snapshot& values, std::string_view slot);

/// The events that the script starts with, as `[["part",{…}],…]` in a data block.
std::string initial_events(const page_values::snapshot& values, std::string_view experiment);

}  // namespace cohort::dashboard
