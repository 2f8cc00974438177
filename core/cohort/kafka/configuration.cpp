// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/configuration.hpp>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include <cohort/messaging/message.hpp>

namespace cohort::messaging::kafka {
namespace {

using properties = std::vector<std::pair<const char*, std::string>>;

std::string in_milliseconds(duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

const char* mechanism_name(sasl_mechanism mechanism) noexcept {
  switch (mechanism) {
    case sasl_mechanism::plain: return "PLAIN";
    case sasl_mechanism::scram_sha_256: return "SCRAM-SHA-256";
    case sasl_mechanism::scram_sha_512: break;
  }
  return "SCRAM-SHA-512";
}

void add_security(const settings& settings, properties& properties) {
  const std::string transport = settings.tls ? "SSL" : "PLAINTEXT";
  properties.emplace_back("security.protocol", (settings.credentials ? "SASL_" : "") + transport);
  if (const auto& login = settings.credentials) {
    properties.emplace_back("sasl.mechanism", mechanism_name(login->mechanism));
    properties.emplace_back("sasl.username", login->user);
    properties.emplace_back("sasl.password", login->password);
  }
  if (!settings.tls) return;
  properties.emplace_back("ssl.endpoint.identification.algorithm", "https");
  const auto& files = *settings.tls;
  if (!files.ca.empty()) properties.emplace_back("ssl.ca.location", files.ca);
  if (files.certificate.empty()) return;
  properties.emplace_back("ssl.certificate.location", files.certificate);
  properties.emplace_back("ssl.key.location", files.key);
}

void add_connection(const settings& settings, properties& properties) {
  properties.emplace_back("bootstrap.servers", settings.brokers);
  properties.emplace_back("client.id", settings.client_id);
  properties.emplace_back("socket.timeout.ms", in_milliseconds(settings.request_timeout));
  properties.emplace_back("reconnect.backoff.ms", in_milliseconds(settings.min_backoff));
  properties.emplace_back("reconnect.backoff.max.ms", in_milliseconds(settings.max_backoff));
  properties.emplace_back("socket.keepalive.enable", "true");
  // Statistics contain the state of each connection; librdkafka has no event for it.
  properties.emplace_back("statistics.interval.ms", "1000");
  // Prevents idle connections, which brokers close after 10 minutes.
  properties.emplace_back("topic.metadata.refresh.interval.ms", "60000");
}

void add_producer(const settings& settings, properties& properties) {
  // A confirmed message is stored once and in order on all in-sync replicas, even if librdkafka resends it.
  properties.emplace_back("enable.idempotence", "true");
  properties.emplace_back("acks", "all");
  // A topic that is still missing after this time is an error. Until then, another client may be creating it.
  properties.emplace_back("topic.metadata.propagation.max.ms", in_milliseconds(settings.request_timeout / 2));
  properties.emplace_back("request.timeout.ms", in_milliseconds(settings.request_timeout));
  // The publisher passes its messages in batches, which are collected for 1 ms.
  properties.emplace_back("linger.ms", "1");
  // Messages without a key are distributed over the partitions, and therefore over the members of a group.
  properties.emplace_back("sticky.partitioning.linger.ms", "0");
  constexpr auto max_message_size = message_limits::max_body_size + message_limits::max_headers_size + 4096;
  properties.emplace_back("message.max.bytes", std::to_string(max_message_size));
}

void add_consumer(const settings& settings, const group_settings& group, properties& properties) {
  properties.emplace_back("group.id", group.group);
  properties.emplace_back("auto.offset.reset", group.starts_with_earliest ? "earliest" : "latest");
  properties.emplace_back("session.timeout.ms", in_milliseconds(settings.session_timeout));
  properties.emplace_back("heartbeat.interval.ms", in_milliseconds(settings.session_timeout / 4));
  // Acknowledged offsets are stored locally, and committed at intervals and when a partition is revoked.
  properties.emplace_back("enable.auto.offset.store", "false");
  properties.emplace_back("enable.auto.commit", "true");
  properties.emplace_back("auto.commit.interval.ms", in_milliseconds(settings.commit_interval));
  properties.emplace_back("allow.auto.create.topics", "true");
  // Limits the prefetched messages.
  properties.emplace_back("queued.min.messages", "10000");
  properties.emplace_back("queued.max.messages.kbytes", "8192");
}

}  // namespace

result<librdkafka_ptr<rd_kafka_conf_t>> make_configuration(const settings& settings, const group_settings* group) {
  properties properties;
  add_connection(settings, properties);
  add_security(settings, properties);
  if (group) {
    add_consumer(settings, *group, properties);
  } else {
    add_producer(settings, properties);
  }
  librdkafka_ptr<rd_kafka_conf_t> configuration{rd_kafka_conf_new()};
  std::array<char, 512> text{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(configuration.get(), name, value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      // The error text of librdkafka can contain the value, which can be a password.
      return error{errc::invalid, std::string{"librdkafka does not accept the value of "} + name};
    }
  }
  // Errors arrive as events. Without this callback, librdkafka logs to standard error.
  rd_kafka_conf_set_log_cb(configuration.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_events(configuration.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR |
                                                    RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_STATS);
  return result<librdkafka_ptr<rd_kafka_conf_t>>{std::move(configuration)};
}

}  // namespace cohort::messaging::kafka
