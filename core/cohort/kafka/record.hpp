// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include <cohort/kafka/librdkafka.hpp>
#include <cohort/messaging/message.hpp>

namespace cohort::messaging::kafka {

/// Names of the Kafka headers for message fields that have no counterpart in a Kafka record.
inline constexpr const char* message_id_header = "message-id";
inline constexpr const char* content_type_header = "content-type";
/// A header whose value is also the key of the record: messages with the same value keep their order.
inline constexpr const char* partition_key_header = "partition-key";

/// Enqueues a message in a producer. `sequence` identifies the message in the delivery report. Returns the error code.
rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic, const message& content,
                            std::uint64_t sequence);
/// The `sequence` argument of the corresponding `produce` call.
std::uint64_t sequence_of(const rd_kafka_message_t& record) noexcept;

/// Converts a record. The ID of a record without an ID is `TOPIC-PARTITION-OFFSET`.
message make_message(const rd_kafka_message_t& record);

}  // namespace cohort::messaging::kafka
