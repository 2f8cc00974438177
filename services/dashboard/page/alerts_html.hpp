// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "services/dashboard/alerts/alert_store.hpp"
#include "services/dashboard/page/page_template.hpp"

// The alerts panel of the initial HTML. The script of the page (`dashboard-ui/src/alerts/alerts-view.ts`) shows the
// same text.
namespace cohort::dashboard {

/// Fills the slots of the alerts panel.
class alerts_html {
 public:
  /// `item` is the template of one alert. `alerts` and `item` must outlive this object. `now` determines for how long
  /// each alert has been firing.
  alerts_html(const alert_store::snapshot& alerts, const page_template& item, wall_time now)
      : alerts_(alerts), item_(item), now_(now) {}

  /// The HTML for a slot, such as `alerts.firing`; empty for the default of the slot. The slot of a list that can be
  /// hidden begins within the start tag: its default is `hidden>`.
  std::string slot(std::string_view name) const;

 private:
  std::string explanation() const;
  std::string badge() const;
  /// The number of firing alerts in the open list; the other alerts are in a collapsed list.
  std::size_t displayed_count() const;
  /// The heading of the collapsed firing alerts, grouped by their names.
  std::string more_label() const;
  std::string items(const std::vector<alert_store::listed_alert>& list, std::size_t first, std::size_t last) const;
  std::string item_slot(const alert_store::listed_alert& listed, std::string_view slot) const;

  const alert_store::snapshot& alerts_;
  const page_template& item_;
  wall_time now_;
};

}  // namespace cohort::dashboard
