#pragma once

#include <boost/url/url.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/policy/cache.hpp"
#include "core/runtime/remote_event.hpp"
#include "core/service/service.hpp"
#include "services/weather/wttr.hpp"

namespace cohort::weather {

/// Gets reports from the provider: cached, one fetch at a time for a place however many ask on however many loops, an
/// old report where the provider fails, and no fetch at all for a while after it has.
class forecaster : public std::enable_shared_from_this<forecaster> {
 public:
  struct settings {
    boost::urls::url upstream;
    duration cache_time;
    duration fetch_limit = std::chrono::seconds{5};
    std::size_t most_places = 256;
    /// Fetches at once, whatever places are asked for.
    std::size_t most_fetches = 8;
  };
  struct answer {
    std::shared_ptr<const report> weather;  // null if there is none
    bool from_cache = false;
    bool stale = false;
    duration age{};
    /// A class of errors, for people and metrics; empty if all went well.
    std::string error;
    /// When the provider may be asked again, after an error.
    duration retry_after{};
  };

  forecaster(service::kit with, settings how);

  /// By `until` at the latest. The fetch itself goes on without the one who asked, for the others.
  static task<answer> get(std::shared_ptr<forecaster> self, place where, deadline until);

 private:
  using report_cache = policy::cache<report>;
  /// One who waits for a fetch, and what came of that.
  struct asker {
    std::shared_ptr<remote_event> fetched = remote_event::make();
    std::shared_ptr<const report> found;
    std::string error;
  };

  static task<> fetch(std::shared_ptr<forecaster> self, place where);
  task<std::string> ask_provider(const place& where, std::shared_ptr<const report>& found);
  void finish(const std::string& key, const std::shared_ptr<const report>& found, const std::string& error);
  bool may_fetch(time_point now) const { return fetching_ < settings_.most_fetches && now >= provider_rests_until_; }
  void note_outcome(const std::string& error, time_point now);
  answer fallback(const report_cache::decision& known, std::string error) const;

  service::kit kit_;
  settings settings_;
  telemetry::counter& hits_;
  telemetry::counter& misses_;
  std::mutex mutex_;  // held for a look-up, never across a wait
  report_cache reports_;
  // The provider's own health: a failure that is not about a place is one for all of them.
  std::size_t fetching_ = 0;
  unsigned provider_failures_ = 0;
  time_point provider_rests_until_{};
  std::string provider_error_;
  std::map<std::string, std::vector<std::shared_ptr<asker>>> waiting_;
};

}  // namespace cohort::weather
