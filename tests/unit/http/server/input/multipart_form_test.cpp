// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/multipart_form.hpp>

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::http {
namespace {

namespace fs = std::filesystem;

/// A directory that the destructor removes.
class upload_directory {
 public:
  upload_directory() {
    auto name = (fs::temp_directory_path() / "multipart-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~upload_directory() { fs::remove_all(path); }
  upload_directory(const upload_directory&) = delete;
  upload_directory& operator=(const upload_directory&) = delete;

  std::size_t file_count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{path}, fs::directory_iterator{}));
  }
  std::string content(std::string_view name) const {
    std::ifstream file{path / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  fs::path path;
};

request_head make_multipart_head(std::string_view content_type) {
  request_head head;
  head.fields.push_back({field::content_type, "Content-Type", content_type});
  return head;
}

constexpr std::string_view type = "multipart/form-data; boundary=b";
constexpr std::string_view body =
    "--b\r\nContent-Disposition: form-data; name=title\r\n\r\nSea\r\n"
    "--b\r\nContent-Disposition: form-data; name=photo; filename=\"../a.png\"\r\nContent-Type: image/png\r\n\r\n"
    "\x89PNG\r\n\x1a\r\n--b--\r\n";

TEST_CASE("multipart form: fields are kept in memory, and files are stored on disk", "[http][multipart]") {
  const upload_directory directory;
  const auto head = make_multipart_head(type);
  const request_context context{head, "192.0.2.1"};
  for (std::size_t slice = 1; slice <= body.size(); slice += 7) {
    multipart_reader reader{context, directory.path};
    for (auto rest = body; !rest.empty(); rest.remove_prefix(std::min(slice, rest.size())))
      REQUIRE(reader.write(rest.substr(0, slice)));
    REQUIRE(reader.finish());
    auto form = reader.take_form();
    CHECK(form.find("title") == "Sea");
    CHECK_FALSE(form.find("photo").has_value());
    REQUIRE(form.files.size() == 1);
    auto& [field, filename, content_type, content] = form.files[0];
    CHECK(field == "photo");
    CHECK(filename == "../a.png");
    CHECK(content_type == "image/png");
    CHECK(content.size() == 7);
    const auto name = std::to_string(slice);
    CHECK_FALSE(content.keep(directory.path / name));
    CHECK(directory.content(name) == "\x89PNG\r\n\x1a");
    CHECK(content.keep(directory.path / name) == boost::system::errc::file_exists);
  }
}

TEST_CASE("multipart form: a file that is not saved is removed from the directory", "[http][multipart]") {
  const upload_directory directory;
  const auto head = make_multipart_head(type);
  const request_context context{head, "192.0.2.1"};
  {
    multipart_reader complete{context, directory.path};
    REQUIRE(complete.write(body));
    REQUIRE(complete.finish());
    multipart_reader truncated_reader{context, directory.path};
    REQUIRE(truncated_reader.write(body.substr(0, body.size() - 12)));
    CHECK_FALSE(truncated_reader.finish());
    CHECK(truncated_reader.error_response().code() == status::bad_request);
    CHECK(truncated_reader.error_response().content() ==
          R"({"error":"Bad Request","message":"photo must end with the last boundary",)"
          R"("fields":[{"field":"photo","in":"body","reason":"must end with the last boundary"}]})");
  }
  CHECK(directory.file_count() == 0);
}

TEST_CASE("multipart form: the response to an invalid form has the status, the field and the reason",
          "[http][multipart]") {
  const upload_directory directory;
  const auto head = make_multipart_head(type);
  const request_context context{head, "192.0.2.1"};

  multipart_reader large_file_reader{context, directory.path, {.max_file_bytes = 6}};
  CHECK_FALSE(large_file_reader.write(body));
  CHECK_FALSE(large_file_reader.write(body));
  CHECK_FALSE(large_file_reader.finish());
  CHECK(large_file_reader.error_response().code() == status::payload_too_large);
  CHECK(large_file_reader.error_response().content().find(
            R"("field":"photo","in":"body","reason":"must have at most 6 bytes")") != std::string_view::npos);

  multipart_reader binary{context, directory.path};
  CHECK_FALSE(binary.write("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\xFF\r\n--b--\r\n"));
  CHECK(binary.error_response().content().find("must be UTF-8") != std::string_view::npos);

  const auto json_head = make_multipart_head("application/json");
  const request_context other{json_head, "192.0.2.1"};
  multipart_reader unsupported{other, directory.path};
  CHECK_FALSE(unsupported.finish());
  CHECK_FALSE(unsupported.write(body));
  CHECK(unsupported.error_response().code() == status::unsupported_media_type);
  CHECK(unsupported.error_response().find("accept") == "multipart/form-data");

  auto compressed_head = make_multipart_head(type);
  compressed_head.fields.push_back({field::content_encoding, "Content-Encoding", "gzip"});
  const request_context compressed_context{compressed_head, "192.0.2.1"};
  multipart_reader compressed_reader{compressed_context, directory.path};
  CHECK_FALSE(compressed_reader.write(body));
  CHECK(compressed_reader.error_response().code() == status::unsupported_media_type);
  CHECK(compressed_reader.error_response().find("accept-encoding") == "identity");
}

enum class scripted_error { too_slow };

/// A body in slices, which ends with an error if `fails`.
struct scripted_body {
  std::string_view rest;
  std::size_t slice;
  bool fails = false;

  task<result<std::string_view, scripted_error>> read(call_context) {
    const auto bytes = rest.substr(0, slice);
    rest.remove_prefix(bytes.size());
    if (bytes.empty() && fails)
      co_return result<std::string_view, scripted_error>{boost::system::in_place_error, scripted_error::too_slow};
    co_return result<std::string_view, scripted_error>{boost::system::in_place_value, bytes};
  }
};
response body_error_response(scripted_error) { return http::error_response(status::request_timeout, "too slow"); }

TEST_CASE("multipart form: a streamed body is read until it is complete, or until its first error",
          "[http][multipart]") {
  const upload_directory directory;
  const auto head = make_multipart_head(type);
  const request_context context{head, "192.0.2.1"};
  const auto code_of = [&](scripted_body source) {
    virtual_time time;
    multipart_reader reader{context, directory.path};
    const auto failed = time.run(read_form(source, reader, call_context{deadline::never()}));
    if (!failed) CHECK(reader.take_form().files.at(0).content.size() == 7);
    return failed ? static_cast<unsigned>(failed->code()) : 0;
  };
  CHECK(code_of({body, 3}) == 0);
  CHECK(code_of({body.substr(0, 40), 3}) == 400);
  CHECK(code_of({"--b\r\nInvalid\r\n\r\n", 3}) == 400);
  CHECK(code_of({body.substr(0, 40), 3, true}) == 408);
  CHECK(directory.file_count() == 0);
}

TEST_CASE("multipart form: if a file cannot be created, the response is 500 without the reason", "[http][multipart]") {
  const upload_directory directory;
  const auto head = make_multipart_head(type);
  const request_context context{head, "192.0.2.1"};
  multipart_reader reader{context, directory.path / "missing"};
  // The form is complete except for the file.
  CHECK_FALSE(reader.write(body));
  CHECK_FALSE(reader.finish());
  CHECK(reader.disk_error() == boost::system::errc::no_such_file_or_directory);
  CHECK(reader.error_response().code() == status::internal_server_error);
  CHECK(reader.error_response().content().find("missing") == std::string_view::npos);
}

}  // namespace
}  // namespace cohort::http
