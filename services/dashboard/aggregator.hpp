#pragma once

#include "services/dashboard/upstreams.hpp"

namespace cohort::dashboard {

/// Where the three services are.
struct addresses {
  boost::urls::url time;
  boost::urls::url sysinfo;
  boost::urls::url weather;
};

/// Asks all three services at once and puts their answers together.
class aggregator {
 public:
  aggregator(const service::kit& with, const addresses& where);

  /// The body of `/api/aggregate`: always there, within the longest of the parts' limits.
  task<std::string> aggregate(deadline until, std::string request_id);
  /// The time service's own answer, for the clock.
  task<part> time(deadline until, std::string request_id);

 private:
  upstream time_;
  upstream sysinfo_;
  upstream weather_;
};

/// What stands in for the clock's answer when there is none.
std::string time_error_body(const part& failed);

}  // namespace cohort::dashboard
