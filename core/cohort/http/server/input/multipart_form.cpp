// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/multipart_form.hpp>

#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/http/server/content/save_body.hpp>
#include <cohort/http/server/input/content_coding.hpp>
#include <cohort/http/server/input/input_error.hpp>
#include <cohort/http/server/input/text_value.hpp>

namespace cohort::http {

using event = multipart_parser::event;

std::optional<std::string_view> multipart_form::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return std::nullopt;
}

multipart_reader::multipart_reader(const request_context& context, std::filesystem::path directory,
                                   const multipart_limits& limits)
    : directory_(std::move(directory)) {
  const auto boundary =
      multipart_boundary(find_unique(context.head(), field::content_type).value_or(std::string_view{}));
  const auto coding_error = content_coding_error(context.head());
  if (boundary && coding_error.empty()) {
    parser_.emplace(*boundary, limits);
  } else if (boundary) {
    error_ = {status::unsupported_media_type, "Content-Encoding", std::string{coding_error}};
  } else {
    error_ = {status::unsupported_media_type, "Content-Type", "must be multipart/form-data with a boundary"};
  }
}

bool multipart_reader::write(std::string_view bytes) {
  while (!error_ && !disk_error_) {
    const auto next = parser_->next(bytes);
    if (next == event::need_input || next == event::end) return true;
    handle(next);
  }
  return false;
}

bool multipart_reader::finish() {
  if (error_ || disk_error_) return false;
  handle(parser_->finish());
  return !error_;
}

bool multipart_reader::handle(event next) {
  const auto& part = parser_->part();
  switch (next) {
    case event::part: return start_part();
    case event::data:
      if (part.is_file()) return check_disk(form_.files.back().content.write(parser_->data()));
      form_.fields.back().second.append(parser_->data());
      return true;
    case event::part_end:
      if (!part.is_file() && !is_plain_text(form_.fields.back().second))
        error_ = {status::bad_request, part.name, "must be UTF-8 without control characters"};
      return true;
    case event::error: error_ = parser_->error(); return false;
    case event::need_input:
    case event::end: break;
  }
  return true;
}

bool multipart_reader::start_part() {
  const auto& part = parser_->part();
  if (!part.is_file()) {
    form_.fields.emplace_back(part.name, std::string{});
    return true;
  }
  auto file = temporary_file::create(directory_);
  if (!file) return check_disk(file.error());
  form_.files.push_back({part.name, *part.filename, part.content_type, std::move(*file)});
  return true;
}

bool multipart_reader::check_disk(error_code error) {
  disk_error_ = error;
  return !error;
}

response multipart_reader::error_response() const {
  if (disk_error_) return file_error_response(disk_error_);
  const auto in = error_->code == status::unsupported_media_type ? "header" : "body";
  auto response = input_error_response({{error_->field, in, error_->reason}}, false, error_->code);
  if (error_->field == "Content-Encoding") {
    response.set("Accept-Encoding", "identity");
  } else if (error_->code == status::unsupported_media_type) {
    response.set("Accept", "multipart/form-data");
  }
  return response;
}

}  // namespace cohort::http
