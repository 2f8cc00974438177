#pragma once

#include "services/dashboard/upstreams.hpp"

namespace cohort::dashboard {

/// Where the three services are, and how they are called.
struct addresses {
  boost::urls::url time;
  boost::urls::url sysinfo;
  boost::urls::url weather;
  http::upstream_settings time_policy = usual_policy(std::chrono::seconds{3});
  http::upstream_settings sysinfo_policy = usual_policy(std::chrono::seconds{3});
  http::upstream_settings weather_policy = usual_policy(std::chrono::seconds{5});

  static http::upstream_settings usual_policy(duration limit) {
    http::upstream_settings how;
    how.limit = limit;
    return how;
  }
};

/// Asks all three services at once and puts their answers together.
class aggregator {
 public:
  aggregator(const service::kit& with, const addresses& where);

  /// The body of `/api/aggregate`: always there, within the longest of the parts' limits.
  task<std::string> aggregate(http::caller who);
  /// The time service's own answer, for the clock.
  task<part> time(http::caller who);

 private:
  upstream time_;
  upstream sysinfo_;
  upstream weather_;
};

/// What stands in for the clock's answer when there is none.
std::string time_error_body(const part& failed);

}  // namespace cohort::dashboard
