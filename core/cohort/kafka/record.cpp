// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/record.hpp>

#include <array>
#include <string_view>

namespace cohort::messaging::kafka {
namespace {

void add(rd_kafka_headers_t* headers, const std::string& name, const std::string& value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

}  // namespace

rd_kafka_resp_err_t produce(rd_kafka_t* producer, const std::string& topic, const message& content,
                            std::uint64_t sequence) {
  auto* const headers = rd_kafka_headers_new(content.headers.size() + 2);
  if (!content.id.empty()) add(headers, message_id_header, content.id);
  if (!content.content_type.empty()) add(headers, content_type_header, content.content_type);
  for (const auto& [name, value] : content.headers) add(headers, name, value);
  const auto* const key = content.header(partition_key_header);
  // The macros of rd_kafka_producev are not standard C++.
  std::array<rd_kafka_vu_t, 6> fields{};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = topic.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[1].u.i = RD_KAFKA_MSG_F_COPY;
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[2].u.mem = {const_cast<char*>(content.body.data()), content.body.size()};
  fields[3].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[3].u.headers = headers;
  fields[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[4].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(sequence));
  if (key) {
    fields[5].vtype = RD_KAFKA_VTYPE_KEY;
    fields[5].u.mem = {const_cast<char*>(key->data()), key->size()};
  }
  auto* const failure = rd_kafka_produceva(producer, fields.data(), key ? fields.size() : fields.size() - 1);
  if (!failure) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto code = rd_kafka_error_code(failure);
  rd_kafka_error_destroy(failure);
  rd_kafka_headers_destroy(headers);
  return code;
}

std::uint64_t sequence_of(const rd_kafka_message_t& record) noexcept {
  return reinterpret_cast<std::uintptr_t>(record._private);
}

message make_message(const rd_kafka_message_t& record) {
  message result{.topic = rd_kafka_topic_name(record.rkt),
                 .body = {static_cast<const char*>(record.payload ? record.payload : ""), record.len}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&record, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      std::string text{static_cast<const char*>(value ? value : ""), size};
      if (result.id.empty() && std::string_view{name} == message_id_header) {
        result.id = std::move(text);
      } else if (result.content_type.empty() && std::string_view{name} == content_type_header) {
        result.content_type = std::move(text);
      } else if (!result.header(name)) {
        result.headers.emplace_back(name, std::move(text));
      }
    }
  }
  if (result.id.empty())
    result.id = result.topic + "-" + std::to_string(record.partition) + "-" + std::to_string(record.offset);
  return result;
}

}  // namespace cohort::messaging::kafka
