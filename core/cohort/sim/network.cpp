// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/network.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>

#include <cohort/sim/cpu/processor.hpp>

namespace cohort::sim {

namespace {

/// 10.0.0.1, the address of the first host. Further hosts have the following addresses.
constexpr std::size_t first_address = 0x0A000001;
/// RFC 6298, section 2.
constexpr duration connect_retransmission_timeout = std::chrono::seconds{1};

std::string join_addresses(const std::vector<asio::ip::address>& addresses) {
  std::string text;
  for (const auto& address : addresses) text.append(text.empty() ? "" : ", ").append(address.to_string());
  return text;
}

}  // namespace

/// The network of one incarnation of a host.
class network::host_network final : public net::network {
 public:
  host_network(sim::network& owner, const host& local) : owner_(&owner), local_(local) {}

  void end() noexcept { is_alive_ = false; }

  task<result<std::vector<net::endpoint>>> resolve(std::string name, std::uint16_t port,
                                                   deadline resolve_deadline) override;
  task<result<net::stream_ptr>> connect(net::endpoint peer, deadline connect_deadline) override;

 private:
  task<error_code> wait_until_reachable(const host* server, deadline connect_deadline);
  static task<error_code> wait_until(time_point wake_time, deadline wait_deadline);

  sim::network* owner_;
  const host& local_;
  bool is_alive_ = true;
};

/// Returns no error at `wake_time`, else `operation_aborted` or `timed_out`.
task<error_code> network::host_network::wait_until(time_point wake_time, deadline wait_deadline) {
  auto sleep_task = sleep_until(std::min(deadline{wake_time}, wait_deadline));
  if (co_await std::move(sleep_task) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  co_return wait_deadline < deadline{wake_time} ? error_code{asio::error::timed_out} : error_code{};
}

task<result<std::vector<net::endpoint>>> network::host_network::resolve(std::string name, std::uint16_t port,
                                                                        deadline resolve_deadline) {
  error_code parse_error;
  const auto literal = asio::ip::make_address(name, parse_error);
  std::vector<net::endpoint> endpoints;
  if (!parse_error) {
    endpoints.emplace_back(literal, port);
    co_return endpoints;
  }
  auto& record = owner_->names_[name];
  if (record.max_delay > duration{0}) {
    const auto delay = owner_->random_.uniform_between(record.min_delay, record.max_delay);
    auto wait_task = wait_until(loop::current().now() + delay, resolve_deadline);
    if (const auto error = co_await std::move(wait_task)) {
      owner_->record(event_kind::dns, local_.name, {}, 0, name + ": no answer");
      co_return error;
    }
  }
  if (!is_alive_) co_return error_code{asio::error::network_down};
  if (record.lookup_fails) {
    owner_->record(event_kind::dns, local_.name, {}, 0, name + ": failure");
    co_return error_code{asio::error::host_not_found_try_again};
  }
  if (record.addresses.empty()) {
    owner_->record(event_kind::dns, local_.name, {}, 0, name + ": unknown");
    co_return error_code{asio::error::host_not_found};
  }
  owner_->record(event_kind::dns, local_.name, {}, 0, name + ": " + join_addresses(record.addresses));
  for (const auto& address : record.addresses) endpoints.emplace_back(address, port);
  co_return endpoints;
}

/// While the server is unreachable, connection attempts are retransmitted with exponential backoff (RFC 6298, section
/// 5.7). Therefore, the wait ends with a random delay of at most the duration of the outage.
task<error_code> network::host_network::wait_until_reachable(const host* server, deadline connect_deadline) {
  const auto start = loop::current().now();
  bool has_waited = false;
  while (is_alive_ && !(server && owner_->is_reachable(local_, *server))) {
    auto wait_task = owner_->reachability_changes_.wait(connect_deadline);
    const auto status = co_await std::move(wait_task);
    if (status == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    if (status == wait_status::timed_out) co_return error_code{asio::error::timed_out};
    has_waited = true;
  }
  if (!has_waited) co_return error_code{};
  const auto now = loop::current().now();
  co_return co_await wait_until(now + owner_->random_.uniform_between(duration{0}, now - start), connect_deadline);
}

task<result<net::stream_ptr>> network::host_network::connect(net::endpoint peer, deadline connect_deadline) {
  auto* const server = owner_->host_at(peer.address());
  const auto id = ++owner_->last_connection_id_;
  const auto server_name = server ? server->name : peer.address().to_string();
  owner_->record(event_kind::connect, local_.name, server_name + ":" + std::to_string(peer.port()), id, {});
  std::shared_ptr<connection> opened;
  do {
    auto wait_task = wait_until_reachable(server, connect_deadline);
    if (const auto error = co_await std::move(wait_task)) co_return error;
    if (!is_alive_) co_return error_code{asio::error::network_down};
    if (!opened) opened = std::make_shared<connection>(*owner_, local_, *server, peer.port(), id);
    const auto request_arrival = opened->arrival_time(0, 0);
    const auto response_arrival = opened->arrival_time(1, 0);
    const auto& conditions = owner_->conditions_of(opened->link_);
    const auto retransmission_delay = owner_->draw_retransmission(conditions, connect_retransmission_timeout);
    auto round_trip = wait_until(request_arrival + (response_arrival - loop::current().now()) + retransmission_delay,
                                 connect_deadline);
    if (const auto error = co_await std::move(round_trip)) co_return error;
    if (!is_alive_) co_return error_code{asio::error::network_down};
  } while (!owner_->is_reachable(local_, *server));
  const auto listener = owner_->listeners_.find(peer);
  if (server->refuses_connections || listener == owner_->listeners_.end()) {
    owner_->record(event_kind::refused, server->name, local_.name, id, {});
    co_return error_code{asio::error::connection_refused};
  }
  owner_->open(opened);
  auto client_stream = opened->make_stream(0);
  listener->second.acceptor->enqueue(opened->make_stream(1));
  owner_->wake(*server);
  if (owner_->on_connection_) owner_->on_connection_(*opened);
  co_return client_stream;
}

network::network(loop& event_loop, event_log& events)
    : loop_(event_loop), event_log_(events), random_(event_loop.random().next()) {}

network::~network() {
  for (auto& [local_endpoint, listener] : listeners_) listener.acceptor->clear_close_callback();
  for (auto& connection : connections_) connection->detach_network();
}

host& network::add_host(std::string name) {
  assert(!find(name));
  const auto index = hosts_.size();
  const asio::ip::address_v4 address{static_cast<asio::ip::address_v4::uint_type>(first_address + index)};
  auto& added = hosts_.emplace_back(host{std::move(name), address, index});
  host_networks_.push_back(std::make_unique<host_network>(*this, added));
  current_host_networks_.push_back(host_networks_.back().get());
  names_[added.name].addresses = {added.address};
  return added;
}

host* network::find(std::string_view name) noexcept {
  const auto found =
      std::find_if(hosts_.begin(), hosts_.end(), [&](const host& candidate) { return candidate.name == name; });
  return found == hosts_.end() ? nullptr : &*found;
}

net::network& network::network_for(const host& local_host) { return *current_host_networks_[local_host.index]; }

std::unique_ptr<net::acceptor> network::listen(const host& server, std::uint16_t port) {
  const net::endpoint local_endpoint{server.address, port};
  assert(!listeners_.contains(local_endpoint));
  auto acceptor = std::make_unique<net::memory_acceptor>(local_endpoint,
                                                         [this, local_endpoint] { listeners_.erase(local_endpoint); });
  listeners_[local_endpoint] = {&server, acceptor.get()};
  return acceptor;
}

std::vector<std::shared_ptr<connection>> network::connections(const host& a, const host& b) const {
  std::vector<std::shared_ptr<connection>> found;
  for (const auto& candidate : connections_) {
    const bool is_between_hosts = (&candidate->client() == &a && &candidate->server() == &b) ||
                                  (&candidate->client() == &b && &candidate->server() == &a);
    if (is_between_hosts && candidate->is_open()) found.push_back(candidate);
  }
  return found;
}

std::vector<std::shared_ptr<connection>> network::connections_to(const host& server) const {
  std::vector<std::shared_ptr<connection>> found;
  for (const auto& candidate : connections_) {
    if (&candidate->server() == &server && candidate->is_open()) found.push_back(candidate);
  }
  return found;
}

std::size_t network::open_connections() const noexcept {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& candidate) { return candidate->is_open(); }));
}

void network::open(const std::shared_ptr<connection>& connection) {
  if (connections_.size() >= cleanup_threshold_) {
    std::erase_if(connections_, [](const auto& candidate) { return !candidate->is_open(); });
    cleanup_threshold_ = 2 * connections_.size() + 64;
  }
  connections_.push_back(connection);
  const auto& conditions = conditions_of(connection->link_);
  connection->open(conditions.max_read_size, conditions.capacity);
  record(event_kind::accepted, connection->server().name, connection->client().name, connection->id(), {});
  for (auto* observer : observers_) observer->on_opened(*connection);
}

void network::set_conditions(const host& a, const host& b, const link_conditions& conditions) {
  link_between(a, b).conditions = conditions;
  record_fault(a.name, b.name, "conditions changed");
}

void network::refuse_connections(host& server, bool enabled) {
  server.refuses_connections = enabled;
  record_fault(server.name, {}, enabled ? "refuses connections" : "accepts connections");
}

void network::black_hole_connections(host& server, bool enabled) {
  server.black_holes_connections = enabled;
  record_fault(server.name, {}, enabled ? "black-holes connections" : "accepts connections");
  notify_reachability_changes();
}

void network::partition(const host& a, const host& b) {
  link_between(a, b).partitioned_since = loop_.now();
  record_fault(a.name, b.name, "partitioned");
  update_connections(a, b);
}

void network::heal(const host& a, const host& b) {
  link_between(a, b).partitioned_since.reset();
  record_fault(a.name, b.name, "healed");
  update_connections(a, b);
  notify_reachability_changes();
}

void network::update_connections(const host& a, const host& b) {
  for (const auto& connection : connections(a, b)) connection->update();
}

void network::kill(host& target) {
  record_fault(target.name, {}, "killed");
  target.state = host_state::killed;
  for (const auto& connection : std::vector{connections_}) {
    for (const net::pipe_side side : {0U, 1U}) {
      if (connection->hosts_[side] == &target) connection->kill(side);
    }
  }
  end_incarnation(target);
}

void network::power_off(host& target) {
  record_fault(target.name, {}, "powered off");
  target.state = host_state::powered_off;
  for (const auto& connection : std::vector{connections_}) {
    for (const net::pipe_side side : {0U, 1U}) {
      if (connection->hosts_[side] == &target) connection->power_off(side);
    }
  }
  end_incarnation(target);
}

void network::end_incarnation(host& target) {
  current_host_networks_[target.index]->end();
  for (auto listener = listeners_.begin(); listener != listeners_.end();) {
    const auto next = std::next(listener);
    if (listener->second.server == &target) listener->second.acceptor->close();  // erases itself from listeners_
    listener = next;
  }
  notify_reachability_changes();
}

void network::restart(host& target) {
  assert(target.state != host_state::up);
  record_fault(target.name, {}, "restarted");
  target.state = host_state::up;
  host_networks_.push_back(std::make_unique<host_network>(*this, target));
  current_host_networks_[target.index] = host_networks_.back().get();
  for (const auto& connection : std::vector{connections_}) {
    if (connection->hosts_[0] == &target || connection->hosts_[1] == &target) connection->update();
  }
  notify_reachability_changes();
}

void network::set_addresses(const std::string& name, std::vector<asio::ip::address> addresses) {
  record(event_kind::dns, name, {}, 0, "resolves to " + join_addresses(addresses));
  names_[name].addresses = std::move(addresses);
}

void network::add_address(const std::string& name, const asio::ip::address& address) {
  auto addresses = names_[name].addresses;
  if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) return;
  addresses.push_back(address);
  set_addresses(name, std::move(addresses));
}

void network::remove_address(const std::string& name, const asio::ip::address& address) {
  auto addresses = names_[name].addresses;
  std::erase(addresses, address);
  set_addresses(name, std::move(addresses));
}

void network::set_resolve_delay(const std::string& name, duration min_delay, duration max_delay) {
  record_fault(name, {}, "resolve delay changed");
  names_[name].min_delay = min_delay;
  names_[name].max_delay = max_delay;
}

void network::fail_resolution(const std::string& name, bool enabled) {
  record_fault(name, {}, enabled ? "resolution fails" : "resolution succeeds");
  names_[name].lookup_fails = enabled;
}

link& network::link_between(const host& a, const host& b) {
  const auto [first, second] = std::minmax<std::uint64_t>({a.index, b.index});
  return links_[first << 32U | second];
}

host* network::host_at(const asio::ip::address& address) noexcept {
  if (!address.is_v4()) return nullptr;
  const std::size_t index = address.to_v4().to_uint() - first_address;
  return index < hosts_.size() ? &hosts_[index] : nullptr;
}

bool network::is_reachable(const host& client, const host& server) {
  return !server.black_holes_connections && server.state != host_state::powered_off &&
         !link_between(client, server).partitioned_since;
}

const link_conditions& network::conditions_of(const link& target_link) const noexcept {
  return target_link.conditions ? *target_link.conditions : default_conditions_;
}

duration network::draw_retransmission(const link_conditions& conditions, duration first_timeout) {
  constexpr unsigned max_losses = 6;
  duration delay{};
  for (unsigned losses = 0; conditions.loss > 0 && losses < max_losses && random_.bernoulli(conditions.loss);
       ++losses) {
    delay += first_timeout * (1U << losses);
  }
  return delay;
}

time_point network::now() const noexcept {
  const auto* current = loop::current_or_null();
  return (current ? *current : loop_).now();
}

void network::wake(const host& host) {
  if (host.program) host.program->wake();
}

void network::notify_reachability_changes() {
  reachability_changes_.notify_all();
  for (const auto& machine : hosts_) wake(machine);
}

void network::record(event_kind kind, std::string_view source, std::string_view destination,
                     std::uint64_t connection_id, std::string_view detail) {
  event_log_.add({now(), kind, source, destination, connection_id, detail});
}

void network::record_fault(std::string_view source, std::string_view destination, std::string_view description) {
  record(event_kind::fault, source, destination, 0, description);
}

}  // namespace cohort::sim
