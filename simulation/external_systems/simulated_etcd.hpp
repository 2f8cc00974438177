// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <cohort/http/server/router.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::simulation {

/// The subset of etcd's JSON gateway that discovery uses: keys with leases, ranges, watches. The data persists after
/// the process ends. Runs on one loop; leases expire by the clock of this loop.
class simulated_etcd {
 public:
  /// Returns the router for a new incarnation of the process.
  http::router router();

  void put(const std::string& key, const std::string& value, const std::string& lease = "0");
  void erase(const std::string& key);
  /// Erases all data, and restarts at a low revision.
  void erase_all_data();
  /// Ends all watches with an error, as after a compaction.
  void compact();

  std::map<std::string, std::string> values() const;
  std::int64_t revision() const noexcept { return revision_; }
  unsigned opened_watch_count() const noexcept { return opened_watch_count_; }
  unsigned range_request_count() const noexcept { return range_request_count_; }

 private:
  struct stored_value {
    std::string value;
    std::string lease;
  };
  struct change {
    std::int64_t revision;
    std::string key;
    std::string value;
    bool is_deleted;
  };
  struct lease {
    duration ttl{};
    time_point expiry{};
  };

  http::response range(std::string_view body);
  http::response transaction(std::string_view body);
  http::response watch(std::string_view body);
  http::response grant(std::string_view body);
  http::response keep_alive(std::string_view body);
  http::response revoke(std::string_view body);
  task<> stream_changes(http::body_writer& out, std::string prefix, std::int64_t next_revision);
  void put_body(std::string_view body);
  void end_expired_leases();
  void end_lease(const std::string& id);
  time_point next_expiry() const;
  void add_change(std::string key, std::string value, bool is_deleted);
  std::string header() const;

  std::map<std::string, stored_value> values_;
  std::map<std::string, lease> leases_;
  std::vector<change> changes_;
  std::int64_t revision_ = 1;
  std::int64_t compacted_revision_ = 0;
  std::int64_t last_lease_id_ = 7587000000000000000;
  unsigned opened_watch_count_ = 0;
  unsigned range_request_count_ = 0;
  bool was_restarted_ = false;
  event change_event_;
};

}  // namespace cohort::simulation
