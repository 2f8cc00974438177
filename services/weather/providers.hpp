#pragma once

#include <boost/url/url.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/service/service.hpp"
#include "services/weather/report.hpp"

namespace cohort::weather {

/// Where Open-Meteo's two APIs are.
struct open_meteo_site {
  boost::urls::url forecast;
  boost::urls::url geocoding;
};

/// Who is asked for a report: the first provider, and a second one where the first is ill. Either is left alone for a
/// while after a failure that is its own and not a place's: 5 s, then twice as long each time, up to a minute.
class providers {
 public:
  struct settings {
    /// Speaks wttr.in's j1.
    boost::urls::url first;
    std::optional<open_meteo_site> fallback;
    /// For each of the two. Its limit is for all that a report takes.
    http::upstream_settings policy = usual_policy();
  };
  /// Strangers are asked once more at most, never twice at once, and are told no deadlines. Whether they are asked at
  /// all is decided here, so without a circuit breaker.
  static http::upstream_settings usual_policy();
  struct answer {
    std::shared_ptr<const report> found;  // null if there is none
    /// A class of errors: the first provider's, also where the second was asked after it or in its place. Empty if a
    /// report was found.
    std::string error;
  };
  struct resting {
    std::string error;
    duration retry_after;
  };

  providers(service::kit with, settings how);

  /// Why and for how long nobody may be asked; nothing if somebody may.
  std::optional<resting> rest(time_point now) const;

  /// The first provider's report; the second's where the first is ill.
  task<answer> ask(const place& where);

 private:
  /// A provider, what came of asking it, and its health.
  struct member {
    member(std::string_view called, const service::kit& with, const http::upstream_settings& how);
    void note(const std::string& error, time_point now);
    duration rests_for(time_point now) const noexcept;

    std::string_view name;
    http::upstream calls;
    telemetry::counter& ok;
    telemetry::counter& failed;
    unsigned failures = 0;
    time_point rests_until{};
    std::string last_error;
  };
  struct reply {
    std::string body;
    std::string error;
  };

  task<answer> ask_watched(member& whom, task<answer> asking, const place& where);
  task<answer> ask_wttr(const place& where);
  task<answer> ask_open_meteo(place where);
  static task<reply> get(member& whom, boost::urls::url from, deadline until);
  /// The error for which it is left alone now; nothing if it may be asked.
  std::optional<std::string> error_of_resting(const member& whom) const;

  service::kit kit_;
  settings settings_;
  mutable std::mutex mutex_;  // for the members' health, never held across a wait
  member first_;
  member second_;
};

}  // namespace cohort::weather
