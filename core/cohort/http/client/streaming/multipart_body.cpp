// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/multipart_body.hpp>

#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <stdexcept>

#include <cohort/http/client/streaming/file_source.hpp>
#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

constexpr std::string_view part_end = "\r\n";

/// 128 random bits from OpenSSL: the author of a part's content cannot predict the boundary, and so cannot end the
/// part.
std::string random_boundary() {
  std::array<std::uint64_t, 2> random_bits;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random_bits.data()), sizeof(random_bits)) != 1) {
    throw std::runtime_error{"OpenSSL cannot generate random bytes for the boundary of a multipart body"};
  }
  std::string boundary = "cohort-";
  for (const auto part : random_bits) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part, 16);
    boundary.append(digits.data(), end.ptr);
  }
  return boundary;
}

/// Escapes a name as in the "multipart/form-data encoding algorithm" of the HTML standard.
std::string escape(std::string_view name) {
  std::string result;
  for (const char c : name) {
    switch (c) {
      case '"': result += "%22"; break;
      case '\r': result += "%0D"; break;
      case '\n': result += "%0A"; break;
      default: result += c;
    }
  }
  return result;
}

}  // namespace

multipart_body::multipart_body() : boundary_(random_boundary()) {}

std::string multipart_body::head_of(std::string_view name, std::string_view extra_parameters) const {
  std::string head = "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + escape(name) + "\"";
  return head.append(extra_parameters).append("\r\n\r\n");
}

multipart_body& multipart_body::add_field(std::string_view name, std::string value) {
  parts_.push_back({head_of(name, {}), std::make_unique<text_body_source>(std::move(value))});
  return *this;
}

error_code multipart_body::add_file(std::string_view name, const std::string& path, std::string_view content_type) {
  auto file = file_source::open(path);
  if (!file) return file.error();
  add_file(name, std::filesystem::path{path}.filename().string(), content_type, std::move(*file));
  return {};
}

multipart_body& multipart_body::add_file(std::string_view name, std::string_view filename,
                                         std::string_view content_type, std::unique_ptr<request_body_source> content) {
  if (!is_field_value(content_type)) {
    throw std::invalid_argument{"multipart_body: the content type of \"" + std::string{name} +
                                "\" has control characters"};
  }
  std::string extra_parameters = "; filename=\"" + escape(filename) + "\"\r\nContent-Type: ";
  parts_.push_back({head_of(name, extra_parameters.append(content_type)), std::move(content)});
  return *this;
}

task<result<std::string_view, client_error>> multipart_body::read(call_context context) {
  if (index_ > parts_.size()) co_return std::string_view{};
  if (index_ == parts_.size()) {
    ++index_;
    text_ = last_delimiter();
    co_return std::string_view{text_};
  }
  if (!std::exchange(is_head_sent_, true)) co_return std::string_view{parts_[index_].head};
  auto read_task = parts_[index_].content->read(context);
  auto chunk = co_await std::move(read_task);
  if (!chunk || !chunk->empty()) co_return chunk;
  ++index_;
  is_head_sent_ = false;
  co_return part_end;
}

std::optional<std::uint64_t> multipart_body::content_length() const {
  std::uint64_t length = last_delimiter().size();
  for (const auto& each : parts_) {
    const auto content = each.content->content_length();
    if (!content) return std::nullopt;
    length += each.head.size() + *content + part_end.size();
  }
  return length;
}

bool multipart_body::rewind() {
  for (const auto& each : parts_) {
    if (!each.content->rewind()) return false;
  }
  index_ = 0;
  is_head_sent_ = false;
  return true;
}

}  // namespace cohort::http
