#pragma once

#include <boost/url/url.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/policy/cache.hpp"
#include "core/runtime/remote_event.hpp"
#include "core/service/service.hpp"
#include "services/weather/providers.hpp"

namespace cohort::weather {

/// Gets reports from the providers: cached, one fetch at a time for a place however many ask on however many loops, an
/// old report while a new one is fetched or where that fails, and no fetch at all for a while after it has.
class forecaster : public std::enable_shared_from_this<forecaster> {
 public:
  struct settings {
    /// The first provider, which speaks wttr.in's j1.
    boost::urls::url upstream;
    /// Asked where the first is ill; nobody if it is empty.
    std::optional<open_meteo_site> fallback{};
    duration cache_time;
    /// For so long after that, an old report is given at once while a new one is fetched.
    duration revalidate_time = std::chrono::seconds{60};
    http::upstream_settings calls = providers::usual_policy();
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
    /// When the providers may be asked again, after an error.
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
    providers::answer got;
  };

  report_cache::decision decide(const std::string& key, std::shared_ptr<asker>& waiting);
  static task<> fetch(std::shared_ptr<forecaster> self, place where);
  void finish(const std::string& key, const providers::answer& got);
  answer from_cache(const report_cache::decision& known);
  answer fallback(const report_cache::decision& known, std::string error);

  service::kit kit_;
  settings settings_;
  telemetry::counter& hits_;
  telemetry::counter& misses_;
  telemetry::counter& revalidated_;
  telemetry::counter& stale_for_error_;
  providers providers_;
  std::mutex mutex_;  // held for a look-up, never across a wait
  report_cache reports_;
  std::size_t fetching_ = 0;
  std::map<std::string, std::vector<std::shared_ptr<asker>>> waiting_;
};

}  // namespace cohort::weather
