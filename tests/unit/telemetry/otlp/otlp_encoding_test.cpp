// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/otlp_encoding.hpp>

#include <array>
#include <boost/algorithm/hex.hpp>
#include <catch2/catch_test_macros.hpp>
#include <iterator>

#include <cohort/json/parser.hpp>
#include <cohort/telemetry/otlp/protobuf.hpp>

namespace cohort::telemetry {
namespace {

using namespace std::chrono_literals;

std::string to_hex(std::string_view bytes) {
  std::string digits;
  boost::algorithm::hex_lower(bytes, std::back_inserter(digits));
  return digits;
}

constexpr wall_time start{std::chrono::sys_days{std::chrono::June / 1 / 2026} + 12h};

/// Encodes a span with every member.
std::string encoded_span(otlp_encoding encoding) {
  const std::array<attribute, 5> attributes{{{"http.route", std::string_view{"/stock/{id}"}},
                                             {"http.response.status_code", std::int64_t{504}},
                                             {"cohort.deadline.missed", true},
                                             {"left_ms", 0.5},
                                             {"n", std::int64_t{-1}}}};
  const std::array<span_event, 1> events{{{.name = "connect", .time = start + 1ns}}};
  span span;
  span.trace = {.id = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                .is_sampled = true,
                .state = "a=1",
                .span_id = 0x00f067aa0ba902b7};
  span.parent_id = 0xb7ad6b7169203331;
  span.has_remote_parent = true;
  span.name = "GET /stock/{id}";
  span.kind = span_kind::server;
  span.start = start;
  span.end = start + 41500us;
  span.attributes = attributes;
  span.events = events;
  span.status = span_status::error;
  span.status_message = "timeout";
  std::string items;
  append_item(items, encoding, span);
  return items;
}

std::string encoded_record(otlp_encoding encoding) {
  const std::array<attribute, 3> fields{{{"trace_id", std::string_view{"0af7651916cd43dd8448eb211c80319c"}},
                                         {"span_id", std::string_view{"00f067aa0ba902b7"}},
                                         {"status", std::int64_t{504}}}};
  std::string items;
  append_item(items, encoding, log_record{start, log_level::warn, "late", fields});
  return items;
}

// Python's opentelemetry-proto 1.x serializes the same messages to these bytes.
TEST_CASE("otlp: the encoding of a span equals that of the official protobuf encoder", "[telemetry][otlp]") {
  CHECK(to_hex(encoded_span(otlp_encoding::protobuf)) ==
        "12fc010a100af7651916cd43dd8448eb211c80319c120800f067aa0ba902b71a03613d312208b7ad6b71692033312a0f474554202f73"
        "746f636b2f7b69647d30023900803aec3df3b4184160bdb3ee3df3b4184a1b0a0a687474702e726f757465120d0a0b2f73746f636b2f"
        "7b69647d4a200a19687474702e726573706f6e73652e7374617475735f636f6465120318f8034a1c0a16636f686f72742e646561646c"
        "696e652e6d6973736564120210014a140a076c6566745f6d73120921000000000000e03f4a100a016e120b18ffffffffffffffffff01"
        "5a120901803aec3df3b4181207636f6e6e6563747a0b120774696d656f75741802850101030000");
}

TEST_CASE("otlp: the encoding of a log record equals that of the official protobuf encoder", "[telemetry][otlp]") {
  CHECK(to_hex(encoded_record(otlp_encoding::protobuf)) ==
        "124d0900803aec3df3b418100d1a045741524e2a060a046c617465320d0a06737461747573120318f8034a100af7651916cd43dd8448"
        "eb211c80319c520800f067aa0ba902b75900803aec3df3b418");
}

TEST_CASE("otlp: a span in JSON has hexadecimal IDs and 64-bit integers as strings", "[telemetry][otlp]") {
  CHECK(encoded_span(otlp_encoding::json) ==
        R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","traceState":"a=1",)"
        R"("parentSpanId":"b7ad6b7169203331","flags":769,"name":"GET /stock/{id}","kind":2,)"
        R"("startTimeUnixNano":"1780315200000000000","endTimeUnixNano":"1780315200041500000","attributes":[)"
        R"({"key":"http.route","value":{"stringValue":"/stock/{id}"}},)"
        R"({"key":"http.response.status_code","value":{"intValue":"504"}},)"
        R"({"key":"cohort.deadline.missed","value":{"boolValue":true}},)"
        R"({"key":"left_ms","value":{"doubleValue":0.5}},{"key":"n","value":{"intValue":"-1"}}],)"
        R"("events":[{"name":"connect","timeUnixNano":"1780315200000000001","attributes":[]}],)"
        R"("status":{"message":"timeout","code":2}})");
}

TEST_CASE("otlp: a log record in JSON has its severity and its trace", "[telemetry][otlp]") {
  CHECK(encoded_record(otlp_encoding::json) ==
        R"({"timeUnixNano":"1780315200000000000","observedTimeUnixNano":"1780315200000000000","severityNumber":13,)"
        R"("severityText":"WARN","body":{"stringValue":"late"},)"
        R"("attributes":[{"key":"status","value":{"intValue":"504"}}],)"
        R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7"})");
}

TEST_CASE("otlp: an invalid ID remains an attribute of the log record", "[telemetry][otlp]") {
  const std::array<attribute, 1> fields{{{"trace_id", std::string_view{"not an ID"}}}};
  std::string items;
  append_item(items, otlp_encoding::json, log_record{start, log_level::info, "text", fields});
  CHECK(items.find("\"traceId\"") == std::string::npos);
  CHECK(items.find(R"({"key":"trace_id","value":{"stringValue":"not an ID"}})") != std::string::npos);
}

TEST_CASE("otlp: several items are sent in one request", "[telemetry][otlp]") {
  const resource_attributes resource{{"service.name", "shop"}};
  SECTION("JSON") {
    auto items = encoded_record(otlp_encoding::json);
    items += "," + encoded_record(otlp_encoding::json);
    const auto body = export_request(otlp_signal::logs, otlp_encoding::json, resource, items);
    simdjson::dom::element root;
    REQUIRE(json::parse_document(body, root));
    CHECK(root.at_pointer("/resourceLogs/0/scopeLogs/0/logRecords").get_array().size() == 2);
    CHECK(root.at_pointer("/resourceLogs/0/resource/attributes/0/value/stringValue").get_string().value() == "shop");
    const auto traces = export_request(otlp_signal::traces, otlp_encoding::json, resource, {});
    REQUIRE(json::parse_document(traces, root));
    CHECK(root.at_pointer("/resourceSpans/0/scopeSpans/0/spans").get_array().size() == 0);
  }
  SECTION("protobuf") {
    const auto span_bytes = encoded_span(otlp_encoding::protobuf);
    const auto body = export_request(otlp_signal::traces, otlp_encoding::protobuf, resource, span_bytes + span_bytes);
    protobuf_reader request{body};
    const auto resource_spans = request.next();
    REQUIRE(resource_spans);
    protobuf_reader members{resource_spans->bytes};
    CHECK(members.next()->bytes.find("shop") != std::string_view::npos);
    const auto scope_spans = members.next();
    REQUIRE(scope_spans);
    CHECK(scope_spans->bytes.ends_with(span_bytes + span_bytes));
    CHECK_FALSE(members.next());
    CHECK_FALSE(request.next());
  }
}

TEST_CASE("otlp: a partial success is parsed from the response", "[telemetry][otlp]") {
  const auto parse = [](otlp_signal signal, otlp_encoding encoding, std::string_view body) {
    return parse_export_response(signal, encoding, body);
  };
  const std::string_view protobuf{"\x0a\x0b\x08\x03\x12\x07too old"};
  CHECK(parse(otlp_signal::traces, otlp_encoding::protobuf, protobuf)->rejected == 3);
  CHECK(parse(otlp_signal::traces, otlp_encoding::protobuf, protobuf)->message == "too old");
  CHECK(parse(otlp_signal::traces, otlp_encoding::protobuf, "")->rejected == 0);
  CHECK_FALSE(parse(otlp_signal::traces, otlp_encoding::protobuf, "{}"));
  const std::string_view json = R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})";
  CHECK(parse(otlp_signal::traces, otlp_encoding::json, json)->rejected == 3);
  CHECK(parse(otlp_signal::traces, otlp_encoding::json, json)->message == "too old");
  CHECK(parse(otlp_signal::logs, otlp_encoding::json, R"({"partialSuccess":{"rejectedLogRecords":2}})")->rejected == 2);
  CHECK(parse(otlp_signal::logs, otlp_encoding::json, "{}")->rejected == 0);
  CHECK_FALSE(parse(otlp_signal::logs, otlp_encoding::json, "<html>"));
}

}  // namespace
}  // namespace cohort::telemetry
