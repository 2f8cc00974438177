// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "simulation/alerts/rule_files.hpp"
#include "simulation/alerts/scraper.hpp"

namespace cohort::simulation::alerts {

/// Reduces the series without changing the results of the selected rules, so that their evaluation is several times
/// faster:
///  - HTTP metrics of the services: the series of endpoints and methods are added up, because the rules sum them.
///  - Histograms of request durations: the buckets that no rule selects are omitted, unless a rule computes a quantile.
///  - Series that are zero in all scrapes are omitted if another series differs only in the endpoint, the method or a
///    status of the same class.
///  - Loop lag: of adjacent buckets with always equal counts, only the first and the last are kept, because quantiles
///    do not depend on the others.
series_table reduce_series(const series_table& series, const rule_files& rules);

}  // namespace cohort::simulation::alerts
