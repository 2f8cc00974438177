// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/directory.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace cohort::http {
namespace {

constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

/// A directory whose files are served.
struct served_directory {
  open_file root;
  directory_options options;
};

/// Whether each segment is a plain name; the last segment may be empty.
bool is_safe_path(std::string_view path, bool hidden_files) noexcept {
  if (path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    const auto end = path.find('/');
    const auto segment = path.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!hidden_files && segment.front() == '.') return false;
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
  }
  return true;
}

/// Opens a path of plain names without following any symbolic link.
open_file open_without_links(int root, std::string_view path) {
  open_file current;
  while (true) {
    const auto end = path.find('/');
    const std::string segment{path.substr(0, end)};
    const bool is_last = end == std::string_view::npos;
    const int flags = is_last ? read_flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    open_file next{::openat(current ? current.descriptor() : root, segment.c_str(), flags)};
    if (!next || is_last) return next;
    current = std::move(next);
    path.remove_prefix(end + 1);
  }
}

/// Opens a path of plain names that must not lead out of `root`.
open_file open_beneath(int root, const std::string& path) {
  struct open_how open_options{};
  open_options.flags = read_flags;
  open_options.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  open_file file{static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &open_options, sizeof open_options))};
  const bool is_unsupported = !file && (errno == ENOSYS || errno == EPERM);
  return is_unsupported ? open_without_links(root, path) : std::move(file);
}

bool is_directory(const open_file& file) noexcept {
  struct stat status{};
  return file && ::fstat(file.descriptor(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Redirects with 308, because the relative references of a directory's index file need the trailing slash.
response redirect_to_directory(const request_head& head) {
  std::string location{head.path};
  location += '/';
  if (!head.query.empty()) location.append("?").append(head.query);
  return response{status::permanent_redirect}.set("Location", location);
}

response serve(const served_directory& served_directory, const request_context& context) {
  std::string path{context.parameter("path")};
  const auto& options = served_directory.options;
  if (!is_safe_path(path, options.hidden_files)) return not_found_response();
  if (path.empty() || path.ends_with('/')) {
    if (options.index_file.empty()) return not_found_response();
    path += options.index_file;
  }
  bool is_directory_path = false;
  auto result = file_response(context, path, options.files, [&](const std::string& name) {
    const int root = served_directory.root.descriptor();
    auto file =
        options.links_out_of_root ? open_file{::openat(root, name.c_str(), read_flags)} : open_beneath(root, name);
    is_directory_path = is_directory_path || (name == path && is_directory(file));
    return file;
  });
  return is_directory_path ? redirect_to_directory(context.head()) : std::move(result);
}

}  // namespace

operation& directory(route_group& routes, const std::string& prefix, const std::filesystem::path& root,
                     directory_options options) {
  open_file open_file{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!open_file)
    throw std::system_error{errno, std::generic_category(), "cannot serve the directory " + root.string()};
  auto shared_directory =
      std::make_shared<const served_directory>(served_directory{std::move(open_file), std::move(options)});
  return routes.get(prefix + "/{path...}",
                    [shared_directory](request_context& context) { return serve(*shared_directory, context); });
}

}  // namespace cohort::http
