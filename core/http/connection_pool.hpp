#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "core/http/connector.hpp"
#include "core/policy/load_balancer.hpp"
#include "core/runtime/loop.hpp"

namespace cohort::http {

struct client_limits {
  std::size_t header_bytes = 64 * 1024;
  /// Of the body as used, so also after unpacking.
  std::size_t body_bytes = 1024 * 1024;
  /// Below what servers close idle connections after (ours: 60 s), so that we are first.
  duration idle_time = std::chrono::seconds{30};
  std::size_t idle_connections_per_origin = 64;
  /// For a connection to one address where the name has others: a machine that is gone neither accepts nor refuses.
  duration connect_time = std::chrono::seconds{1};
  /// Names are looked up again after this; the resolver remembers for itself.
  duration look_up_again = std::chrono::seconds{1};
  policy::load_balancer::settings balancing{};
};

/// One loop's connections, by origin and address. Requests are spread over all addresses of a name.
class connection_pool {
  struct destination;

 public:
  /// A connection while one request has it. If that does not say how it ended, nobody learns anything from it and the
  /// connection is closed: an answer may still be under way to it.
  class lease {
   public:
    lease(connection_pool& pool, std::shared_ptr<destination> to, net::endpoint where);
    ~lease();
    lease(lease&& other) noexcept;
    lease& operator=(lease&&) = delete;

    net::stream& stream() noexcept { return *stream_; }
    const net::endpoint& where() const noexcept { return where_; }
    /// Whether the connection has served before, and may so have been closed just now by the server.
    bool reused() const noexcept { return reused_; }
    void finish(policy::load_balancer::outcome how, bool keep);

   private:
    friend class connection_pool;
    connection_pool* pool_;
    std::shared_ptr<destination> destination_;
    net::endpoint where_;
    net::stream_ptr stream_;
    bool reused_ = false;
    bool ended_ = false;
  };

  /// Which connection a request wants.
  struct preference {
    /// Where its call has failed already: other addresses come first.
    std::vector<net::endpoint> avoid;
    /// Not one that has served before: the last such was dead.
    bool fresh = false;
  };

  /// What is known of an origin's addresses.
  struct address_counts {
    std::size_t known = 0;
    std::size_t ejected = 0;
    std::uint64_t ejections = 0;
  };

  connection_pool(net::network& reach, const client_limits& limits, loop& home);
  ~connection_pool();

  /// An idle connection that still lives, else a new one; addresses that could not be connected to come last.
  task<result<lease, client_error>> take(origin to, deadline until, preference wanted);

  /// Smoothed over the connections made; zero before the first.
  duration round_trip(const origin& to) const noexcept;
  address_counts addresses(const origin& of) const noexcept;
  void close_idle();

 private:
  task<std::optional<client_error>> look_up(std::shared_ptr<destination> to, deadline until);
  task<result<lease, client_error>> open(std::shared_ptr<destination> to, net::endpoint where, deadline until,
                                         bool fresh, std::size_t others);
  std::shared_ptr<destination> destination_of(const origin& which);
  void keep(destination& to, const net::endpoint& where, net::stream_ptr stream);
  net::stream_ptr take_idle(destination& from, const net::endpoint& where);
  void forget_unused();
  void on_sweep();

  connector connector_;
  const client_limits& limits_;
  loop& home_;
  std::map<origin, std::shared_ptr<destination>> destinations_;
  bound_timer<&connection_pool::on_sweep> sweep_timer_;
};

}  // namespace cohort::http
