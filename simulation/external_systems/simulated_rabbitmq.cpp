// SPDX-License-Identifier: BSL-1.0
#include "simulation/external_systems/simulated_rabbitmq.hpp"

#include <vector>

#include <cohort/net/serve_connections.hpp>
#include <cohort/runtime/concurrency/race.hpp>

namespace cohort::simulation {

using namespace messaging::rabbitmq;

namespace {

void answer(std::string& output, std::uint16_t channel, method_id method) {
  const method_scope empty{output, channel, method};
}

void append_close(std::string& output, std::uint16_t channel, std::uint16_t code, std::string_view text) {
  method_scope close{output, channel, channel == 0 ? method_id::connection_close : method_id::channel_close};
  close->short_uint(code);
  close->short_string(text);
  close->long_uint(0);
}

}  // namespace

task<> simulated_rabbitmq::run(std::unique_ptr<net::acceptor> acceptor) {
  return net::serve_connections(std::move(acceptor),
                                [this](net::stream_ptr stream) { return serve(std::move(stream)); });
}

task<> simulated_rabbitmq::serve(net::stream_ptr stream) {
  session peer;
  peer.stream = std::move(stream);
  struct registration {
    simulated_rabbitmq& server;
    session& registered;
    ~registration() {
      for (auto& [number, each] : registered.channels) server.requeue_unacknowledged(each);
      server.sessions_.remove(&registered);
      std::erase_if(server.queues_, [&](const auto& each) { return each.second.owner == &registered; });
      server.deliver();
    }
  };
  sessions_.push_back(&peer);
  const registration registration{*this, peer};
  auto all = race(read(peer), write(peer), send_heartbeats(peer));
  co_await std::move(all);
}

task<> simulated_rabbitmq::read(session& peer) {
  std::vector<char> buffer(std::size_t{64} * 1024);
  frame_parser parser{std::size_t{128} * 1024};
  std::size_t header_bytes = 8;
  {
    method_scope start{peer.output, 0, method_id::connection_start};
    start->octet(0);
    start->octet(9);
    start->table({{"product", "simulated"}});
    start->long_string("PLAIN AMQPLAIN");
    start->long_string("en_US");
  }
  while (!peer.has_ended) {
    auto read_task = peer.stream->read_some(asio::buffer(buffer));
    const auto count = co_await std::move(read_task);
    if (!count) co_return;
    std::string_view input{buffer.data(), *count};
    const auto skipped = std::min(header_bytes, input.size());
    input.remove_prefix(skipped);
    header_bytes -= skipped;
    parser.append(input);
    while (const auto received = parser.next()) {
      if (received->type == frame_type::method) on_method(peer, received->channel, received->payload);
      if (received->type == frame_type::header || received->type == frame_type::body) on_content(peer, *received);
    }
    if (!parser.error().empty()) co_return;
    peer.output_event.set();
  }
}

task<> simulated_rabbitmq::write(session& peer) {
  for (;;) {
    while (peer.output.empty()) {
      if (peer.has_ended) co_return;
      peer.output_event.reset();
      auto wait_task = peer.output_event.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
    }
    const auto bytes = std::exchange(peer.output, {});
    const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
    auto write_task = net::write_all(*peer.stream, buffers);
    if (const auto written = co_await std::move(write_task); !written) co_return;
  }
}

/// Sends a heartbeat at half the interval of the client, on the virtual clock.
task<> simulated_rabbitmq::send_heartbeats(session& peer) {
  while (co_await sleep_for(std::chrono::seconds{5}) != wait_status::cancelled) {
    {
      const frame_scope heartbeat{peer.output, frame_type::heartbeat, 0};
    }
    peer.output_event.set();
  }
}

void simulated_rabbitmq::on_method(session& peer, std::uint16_t number, std::string_view payload) {
  wire_reader in{payload};
  const auto method = static_cast<method_id>(in.long_uint());
  if (number == 0) return on_connection_method(peer, method, in);
  auto& current = peer.channels[number];
  switch (method) {
    case method_id::channel_open: {
      method_scope { peer.output, number, method_id::channel_open_ok } -> long_string({});
      break;
    }
    case method_id::channel_close:
      requeue_unacknowledged(current);
      peer.channels.erase(number);
      answer(peer.output, number, method_id::channel_close_ok);
      break;
    case method_id::confirm_select:
      current.has_confirms = true;
      answer(peer.output, number, method_id::confirm_select_ok);
      break;
    case method_id::exchange_declare: answer(peer.output, number, method_id::exchange_declare_ok); break;
    case method_id::basic_publish:
      in.short_uint();
      current.exchange = in.short_string();
      current.routing_key = in.short_string();
      current.is_mandatory = in.octet() != 0;
      break;
    case method_id::basic_ack: settle(peer, number, in.long_long_uint(), false); break;
    case method_id::basic_reject: {
      const auto tag = in.long_long_uint();
      settle(peer, number, tag, in.octet() != 0);
      break;
    }
    default: on_queue_method(peer, number, method, in); break;
  }
  deliver();
}

void simulated_rabbitmq::on_connection_method(session& peer, method_id method, wire_reader& in) {
  if (method == method_id::connection_start_ok) {
    in.table();
    in.short_string();
    ++login_count;
    if (in.long_string() != plain_response("guest", password)) {
      append_close(peer.output, 0, 403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.");
      return;
    }
    method_scope tune{peer.output, 0, method_id::connection_tune};
    tune->short_uint(2047);
    tune->long_uint(131'072);
    tune->short_uint(60);
  } else if (method == method_id::connection_open) {
    method_scope { peer.output, 0, method_id::connection_open_ok } -> short_string({});
  } else if (method == method_id::connection_close) {
    answer(peer.output, 0, method_id::connection_close_ok);
    peer.has_ended = true;
  }
}

void simulated_rabbitmq::declare_queue(session& peer, std::uint16_t number, wire_reader& in) {
  in.short_uint();
  std::string name{in.short_string()};
  const bool is_exclusive = (in.octet() & 4U) != 0;
  const auto arguments = in.table();
  if (!is_exclusive && (arguments.empty() || arguments[0].second != required_queue_type)) {
    append_close(peer.output, number, 406, "PRECONDITION_FAILED - inequivalent arg 'x-queue-type'");
    requeue_unacknowledged(peer.channels[number]);
    peer.channels.erase(number);
    return;
  }
  if (name.empty()) name = "amq.gen-" + std::to_string(++generated_name_count_);
  queues_[name].owner = is_exclusive ? &peer : nullptr;
  peer.channels[number].last_queue = name;
  method_scope ok{peer.output, number, method_id::queue_declare_ok};
  ok->short_string(name);
  ok->long_uint(0);
  ok->long_uint(0);
}

void simulated_rabbitmq::on_queue_method(session& peer, std::uint16_t number, method_id method, wire_reader& in) {
  if (method == method_id::queue_declare) return declare_queue(peer, number, in);
  auto& current = peer.channels[number];
  if (method == method_id::basic_qos) {
    in.long_uint();
    current.prefetch = in.short_uint();
    answer(peer.output, number, method_id::basic_qos_ok);
    return;
  }
  in.short_uint();
  std::string name{in.short_string()};
  if (name.empty()) name = current.last_queue;
  if (method == method_id::queue_bind) {
    in.short_string();
    queues_[name].topic = in.short_string();
    answer(peer.output, number, method_id::queue_bind_ok);
  } else if (method == method_id::basic_consume) {
    method_scope { peer.output, number, method_id::basic_consume_ok } -> short_string("consumer");
    current.consumed_queue = name;
  }
}

void simulated_rabbitmq::on_content(session& peer, const frame& frame) {
  auto& current = peer.channels[frame.channel];
  if (frame.type == frame_type::header) {
    current.partial_message = {};
    parse_content_header(frame.payload, current.partial_message.header);
    current.missing_bytes = current.partial_message.header.body_size;
  } else {
    current.partial_message.body += frame.payload;
    current.missing_bytes -= frame.payload.size();
  }
  if (current.missing_bytes == 0) end_publish(peer, frame.channel);
}

void simulated_rabbitmq::end_publish(session& peer, std::uint16_t number) {
  auto& current = peer.channels[number];
  const auto tag = ++current.published;
  current.partial_message.topic = current.routing_key;
  bool is_routed = false;
  for (auto& [name, each] : queues_) {
    if (is_rejecting || (current.exchange.empty() ? name : each.topic) != current.routing_key) continue;
    each.messages.push_back(current.partial_message);
    is_routed = true;
  }
  ++stored_message_count;
  if (!is_routed && current.is_mandatory && !is_rejecting) {
    {
      method_scope method_scope{peer.output, number, method_id::basic_return};
      method_scope->short_uint(312);
      method_scope->short_string("NO_ROUTE");
      method_scope->short_string(current.exchange);
      method_scope->short_string(current.routing_key);
    }
    const messaging::message copy{
        .topic = {}, .body = current.partial_message.body, .id = current.partial_message.header.id};
    append_content(peer.output, number, copy, 131'072);
  }
  if (!next_confirm.empty()) {
    peer.output += std::exchange(next_confirm, {});
  } else if (!is_withholding_confirms) {
    method_scope confirm{peer.output, number, is_rejecting ? method_id::basic_nack : method_id::basic_ack};
    confirm->long_long_uint(tag);
    confirm->octet(0);
  }
  deliver();
}

void simulated_rabbitmq::store(const std::string& topic, std::string body) {
  stored_message added;
  added.topic = topic;
  added.body = std::move(body);
  added.header.id = "stored-" + std::to_string(++stored_message_count);
  for (auto& [name, each] : queues_) {
    if (each.topic == topic) each.messages.push_back(added);
  }
  deliver();
}

void simulated_rabbitmq::settle(session& peer, std::uint16_t number, std::uint64_t tag, bool is_requeued) {
  auto& current = peer.channels[number];
  auto found = current.unacknowledged.extract(tag);
  if (!found) {
    append_close(peer.output, number, 406, "PRECONDITION_FAILED - unknown delivery tag");
    return;
  }
  if (is_requeued) queues_[current.consumed_queue].messages.push_front(std::move(found.mapped()));
}

void simulated_rabbitmq::requeue_unacknowledged(channel& channel) {
  for (auto each = channel.unacknowledged.rbegin(); each != channel.unacknowledged.rend(); ++each) {
    queues_[channel.consumed_queue].messages.push_front(std::move(each->second));
  }
  channel.unacknowledged.clear();
  channel.consumed_queue.clear();
}

void simulated_rabbitmq::deliver() {
  for (auto* const peer : sessions_) {
    for (auto& [number, current] : peer->channels) {
      if (current.consumed_queue.empty()) continue;
      auto& source = queues_[current.consumed_queue].messages;
      while (!source.empty() && current.unacknowledged.size() < current.prefetch) {
        auto first_message = std::move(source.front());
        source.pop_front();
        const auto tag = ++current.last_delivery_tag;
        {
          method_scope method{peer->output, number, method_id::basic_deliver};
          method->short_string("consumer");
          method->long_long_uint(tag);
          method->octet(first_message.delivery_count > 0 ? 1 : 0);
          method->short_string("cohort");
          method->short_string(first_message.topic);
        }
        messaging::message copy{
            .topic = first_message.topic, .body = first_message.body, .id = first_message.header.id};
        copy.content_type = first_message.header.content_type;
        copy.headers = first_message.header.headers;
        if (first_message.delivery_count > 0)
          copy.set_header("x-delivery-count", std::to_string(first_message.delivery_count));
        append_content(peer->output, number, copy, 131'072);
        ++first_message.delivery_count;
        current.unacknowledged.emplace(tag, std::move(first_message));
      }
    }
    peer->output_event.set();
  }
}

std::size_t simulated_rabbitmq::unacknowledged() const {
  std::size_t count = 0;
  for (const auto* const peer : sessions_)
    for (const auto& [number, each] : peer->channels) count += each.unacknowledged.size();
  return count;
}

void simulated_rabbitmq::send_blocked(bool is_blocked) {
  for (auto* const peer : sessions_) {
    if (is_blocked) {
      method_scope { peer->output, 0, method_id::connection_blocked } -> short_string("low on memory");
    } else {
      answer(peer->output, 0, method_id::connection_unblocked);
    }
    peer->output_event.set();
  }
}

void simulated_rabbitmq::delete_queue(const std::string& name) {
  for (auto* const peer : sessions_) {
    for (auto& [number, each] : peer->channels) {
      if (each.consumed_queue != name) continue;
      each.consumed_queue.clear();
      each.unacknowledged.clear();
      method_scope cancel{peer->output, number, method_id::basic_cancel};
      cancel->short_string("consumer");
      cancel->octet(1);
    }
    peer->output_event.set();
  }
  queues_.erase(name);
}

}  // namespace cohort::simulation
