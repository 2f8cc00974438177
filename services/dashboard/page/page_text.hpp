// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "services/dashboard/page/page_values.hpp"

// The text of the initial HTML. The script of the page (`dashboard-ui/src`) shows the same text.
namespace cohort::dashboard {

/// The HTML for a slot of the page, such as `time.fact`; empty if the slot is unknown. `firing` is the number of
/// alerts.
std::string slot_html(const page_values::snapshot& values, std::size_t firing, std::string_view slot);

/// The data of the events with these names.
struct initial_data {
  std::string alerts;
  std::string history;
  std::string experiment;  // empty if there is no experiment
};

/// The initial events of the script, as `[["part",{…}],…]` in a data block.
std::string initial_events(const page_values::snapshot& values, const initial_data& data);

}  // namespace cohort::dashboard
