// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort {
class loop;
}

namespace cohort::telemetry {

/// The records of one loop: the records of the requests in progress, and of a bounded number of completed requests. Of
/// the completed requests, the log keeps the latest requests that missed a deadline or failed, the slowest requests of
/// the last minute, and a sample of the other requests. Records are reused, so that a server in steady state does not
/// allocate memory for them. Must be used on its loop only.
class request_log {
 public:
  struct settings {
    /// Maximum number of records of requests with a problem. A new record replaces the oldest.
    std::size_t max_problem_records = 32;
    /// Maximum number of sampled records. A new record replaces the oldest.
    std::size_t max_sampled_records = 32;
    /// Maximum number of records that are sampled per second.
    unsigned max_sampled_records_per_second = 8;
    /// Maximum number of records of the slowest requests.
    std::size_t max_slowest_records = 8;
    /// Age from which any other record can replace the record of a slow request.
    duration max_slow_record_age = std::chrono::minutes{1};
  };

  /// The reason why a completed record was kept.
  enum class reason : std::uint8_t { problem, slow, sample };
  /// Receives a record and the reason why it was kept; the reason is null for a request in progress.
  using visitor = std::function<void(const request_record&, const reason* kept)>;

  explicit request_log(loop& event_loop);
  request_log(loop& event_loop, settings limits);
  ~request_log();
  request_log(const request_log&) = delete;
  request_log& operator=(const request_log&) = delete;

  /// Opens the record of a request that starts at `started`; the caller must close the record.
  request_record& open(time_point started);
  /// Ends the record, and keeps it or recycles it. Afterwards, the caller must not use the record.
  void close(request_record& record) noexcept;

  /// Sets the function that is called with each record that ends, before the record is kept or recycled. Replaces the
  /// previous function; an empty function removes it. `observer` must not throw.
  void set_observer(std::function<void(const request_record&)> observer) { observer_ = std::move(observer); }

  /// Sets the cause of a later cancellation for all records in progress without a cause.
  void set_cancellation_cause(cancellation_cause cause) noexcept;

  /// The number of records in progress.
  std::size_t open_count() const noexcept { return open_count_; }
  /// Calls `visit` with the records in progress, oldest first.
  void visit_open(const visitor& visit) const;
  /// Calls `visit` with the completed records that were kept, in unspecified order.
  void visit_completed(const visitor& visit) const;

  cohort::loop& event_loop() const noexcept { return loop_; }

 private:
  struct node;
  /// The latest nodes. A new node replaces the oldest.
  class ring {
   public:
    explicit ring(std::size_t capacity);
    ~ring();
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    /// Returns the replaced node, or null.
    std::unique_ptr<node> push(std::unique_ptr<node> new_node);
    const std::vector<std::unique_ptr<node>>& nodes() const noexcept { return nodes_; }

   private:
    std::size_t capacity_;
    std::size_t next_ = 0;
    std::vector<std::unique_ptr<node>> nodes_;
  };

  std::unique_ptr<node> keep_if_slow(std::unique_ptr<node> ended_node);
  bool may_sample(time_point now) noexcept;
  void recycle(std::unique_ptr<node> unused_node);

  /// Maximum number of free records. Additional records, after a peak of requests, are deleted.
  static constexpr std::size_t max_free_records = 64;

  loop& loop_;
  settings limits_;
  node* first_open_ = nullptr;
  node* last_open_ = nullptr;
  std::size_t open_count_ = 0;
  ring problem_records_;
  ring sampled_records_;
  std::vector<std::unique_ptr<node>> slowest_records_;
  std::vector<std::unique_ptr<node>> free_;
  std::function<void(const request_record&)> observer_;
  time_point sample_second_start_{};
  unsigned sample_count_in_second_ = 0;
};

/// Owns the record of one request in progress, if there is one. The destructor closes the record.
class request_recording {
 public:
  request_recording() noexcept = default;
  ~request_recording() { close(); }
  request_recording(request_recording&& other) noexcept
      : log_(other.log_), record_(std::exchange(other.record_, nullptr)) {}
  request_recording& operator=(request_recording&&) = delete;

  /// Starts the record. Precondition: this object has no record.
  request_record& open(request_log& log, time_point started) {
    log_ = &log;
    record_ = &log.open(started);
    return *record_;
  }
  /// Uses a record that the caller owns and closes. The record must outlive this object.
  void attach(request_record& record) noexcept { record_ = &record; }
  void close() noexcept {
    if (record_ && log_) log_->close(*record_);
    record_ = nullptr;
  }
  /// The record; null if there is none.
  request_record* get() const noexcept { return record_; }

 private:
  request_log* log_ = nullptr;
  request_record* record_ = nullptr;
};

}  // namespace cohort::telemetry
