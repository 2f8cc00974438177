// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/compression.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/server/content/body_writer.hpp>

namespace cohort::http {
namespace {

/// A longer body is encoded while it is sent, so that it does not block other connections of the loop.
constexpr std::size_t max_body_chunk_bytes = 64 * 1024;
constexpr std::string_view event_stream = "text/event-stream";

std::string_view strip_parameters(std::string_view media_type) noexcept {
  return trimmed(media_type.substr(0, media_type.find(';')));
}

/// The state of a streamed response. The response is counted until this object is destroyed.
class encoded_stream {
 public:
  explicit encoded_stream(std::shared_ptr<std::atomic<std::size_t>> active_stream_count)
      : active_stream_count_(std::move(active_stream_count)),
        previous_stream_count_(active_stream_count_->fetch_add(1, std::memory_order_relaxed)) {}
  ~encoded_stream() { active_stream_count_->fetch_sub(1, std::memory_order_relaxed); }
  encoded_stream(const encoded_stream&) = delete;
  encoded_stream& operator=(const encoded_stream&) = delete;

  std::size_t previous_stream_count() const noexcept { return previous_stream_count_; }

  std::unique_ptr<content_encoder> encoder;

 private:
  std::shared_ptr<std::atomic<std::size_t>> active_stream_count_;
  std::size_t previous_stream_count_;
};

void mark_encoded(response& result, content_coding coding) {
  result.set("Content-Encoding", content_coding_name(coding));
  result.erase("Accept-Ranges");
  const auto etag = result.find("ETag");
  if (!etag || etag->starts_with("W/")) return;
  const auto weak_etag = "W/" + std::string{*etag};
  result.erase("ETag").set("ETag", weak_etag);
}

/// Makes the entity tag weak if the request lists the weak tag: the client then has the encoded response (RFC 9111
/// section 4.3.4).
void weaken_listed_etag(const request_head& request, response& not_modified) {
  const auto etag = not_modified.find("ETag");
  if (!etag || etag->starts_with("W/")) return;
  const auto weak_etag = "W/" + std::string{*etag};
  for (const auto& header : request.fields) {
    if (header.id != field::if_none_match || header.value.find(weak_etag) == std::string_view::npos) continue;
    not_modified.erase("ETag").set("ETag", weak_etag);
    return;
  }
}

task<> write_in_chunks(std::shared_ptr<const std::string> content, body_writer* writer) {
  for (std::string_view remaining = *content; !remaining.empty();) {
    std::string chunk{remaining.substr(0, max_body_chunk_bytes)};
    remaining.remove_prefix(chunk.size());
    auto write_task = writer->write(std::move(chunk));
    if (!co_await std::move(write_task)) co_return;
  }
}

/// Replaces a long body with a producer that streams it.
void make_stream(response& result) {
  auto content = std::make_shared<const std::string>(result.content());
  const auto length = content->size();
  const std::string type{result.content_type()};
  result.stream([content = std::move(content)](body_writer& writer) { return write_in_chunks(content, &writer); }, type,
                length);
}

}  // namespace

std::vector<std::string> compressible_media_types() {
  return {"text/*",
          "application/json",
          "application/javascript",
          "application/xml",
          "application/wasm",
          "application/manifest+json",
          "application/x-ndjson",
          "application/openmetrics-text",
          "image/svg+xml",
          "+json",
          "+xml"};
}

compressor::compressor(compression_settings settings) : settings_(std::move(settings)) {
  if (settings_.gzip_quality < 1 || settings_.gzip_quality > 9)
    throw std::invalid_argument{"compression: gzip_quality is " + std::to_string(settings_.gzip_quality) +
                                ", but must be from 1 to 9"};
  if (settings_.brotli_quality < 0 || settings_.brotli_quality > 11)
    throw std::invalid_argument{"compression: brotli_quality is " + std::to_string(settings_.brotli_quality) +
                                ", but must be from 0 to 11"};
}

bool compressor::is_listed(std::string_view media_type) const noexcept {
  return std::any_of(settings_.media_types.begin(), settings_.media_types.end(), [&](std::string_view accepted_type) {
    if (iequals(accepted_type, media_type)) return true;
    if (iequals(media_type, event_stream)) return false;
    if (accepted_type.ends_with("/*")) {
      const auto prefix = accepted_type.substr(0, accepted_type.size() - 1);
      return media_type.size() > prefix.size() && iequals(media_type.substr(0, prefix.size()), prefix);
    }
    return accepted_type.starts_with('+') && media_type.size() > accepted_type.size() &&
           iequals(media_type.substr(media_type.size() - accepted_type.size()), accepted_type);
  });
}

bool compressor::is_eligible(const response& result) const noexcept {
  const auto code = result.code();
  const bool has_complete_representation = static_cast<unsigned>(code) >= 200 && code != status::no_content &&
                                           code != status::reset_content && code != status::partial_content &&
                                           code != status::not_modified;
  if (!has_complete_representation || (!result.producer() && result.content().empty())) return false;
  for (const auto* name : {"Content-Encoding", "Content-Range", "Content-Digest", "Repr-Digest", "Content-MD5"})
    if (result.find(name)) return false;
  return !result.lists("Cache-Control", "no-transform") && is_listed(strip_parameters(result.content_type()));
}

content_encoder_settings compressor::encoder_settings(content_coding coding, std::uint64_t size_hint) const noexcept {
  const bool is_brotli = coding == content_coding::brotli;
  return {coding, is_brotli ? settings_.brotli_quality : settings_.gzip_quality, size_hint};
}

void compressor::encode_buffered_body(response& result, content_coding coding, bool must_encode) const {
  const auto content = result.content();
  const auto encoder = make_content_encoder(encoder_settings(coding, content.size()));
  std::string encoded;
  if (!encoder || !encoder->encode(content, content_encoder::operation::finish, encoded)) return;
  if (encoded.size() >= content.size() && !must_encode) return;
  const std::string type{result.content_type()};
  result.body(std::move(encoded), type);
  mark_encoded(result, coding);
}

/// Does not change the response if there are too many streams or too little memory.
void compressor::encode_stream(const request_head& request, response& result, content_coding coding) const {
  const auto length = result.stream_length();
  const bool flush_each_write = iequals(strip_parameters(result.content_type()), event_stream);
  std::shared_ptr<encoded_stream> stream;
  if (request.method != method::head) {
    stream = std::make_shared<encoded_stream>(active_stream_count_);
    if (stream->previous_stream_count() >= settings_.max_streams) return;
    stream->encoder = make_content_encoder(encoder_settings(coding, length.value_or(0)));
    if (!stream->encoder) return;
  }
  auto producer = [stream, length, flush_each_write, original = result.producer()](body_writer& writer) {
    writer.encode_with({stream, stream->encoder.get()}, length, flush_each_write);
    return original(writer);
  };
  const std::string type{result.content_type()};
  result.stream(std::move(producer), type);
  mark_encoded(result, coding);
}

void compressor::apply(const request_head& request, response& result) const {
  if (result.code() == status::not_modified) weaken_listed_etag(request, result);
  const bool is_eligible_response = is_eligible(result);
  const bool adds_vary = is_eligible_response || (result.code() == status::not_modified && result.find("ETag"));
  if (adds_vary && !result.lists("Vary", "Accept-Encoding") && !result.lists("Vary", "*"))
    result.set("Vary", "Accept-Encoding");
  if (!is_eligible_response) return;

  const bool must_encode = !accepts_identity(request);
  const auto size = result.producer() ? result.stream_length() : std::optional<std::uint64_t>{result.content().size()};
  if (size && *size < settings_.min_size && !must_encode) return;
  constexpr std::array codings{content_coding::brotli, content_coding::gzip};
  constexpr std::array<std::string_view, 2> names{"br", "gzip"};
  const std::size_t first = settings_.brotli && is_supported(content_coding::brotli) ? 0 : 1;
  const auto chosen_coding = negotiate_content_coding(request, std::span{names}.subspan(first));
  if (!chosen_coding) return;
  const auto coding = codings[first + *chosen_coding];
  if (!result.producer() && result.content().size() <= max_body_chunk_bytes) {
    encode_buffered_body(result, coding, must_encode);
    return;
  }
  if (!result.producer()) make_stream(result);
  encode_stream(request, result, coding);
}

middleware compression(compression_settings settings) {
  return [shared = std::make_shared<const compressor>(std::move(settings))](request_context& context,
                                                                            next next_handler) -> task<response> {
    auto result = co_await next_handler(context);
    shared->apply(context.head(), result);
    co_return result;
  };
}

}  // namespace cohort::http
