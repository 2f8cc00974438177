// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>

#include <cohort/http/server/content/file_response.hpp>
#include <cohort/http/server/router.hpp>

namespace cohort::http {

struct directory_options {
  file_options files;
  /// The file that is sent for a path that ends with `/`; 404 if empty. Directories are never listed.
  std::string index_file = "index.html";
  /// Whether to serve files and directories whose name starts with a dot.
  bool hidden_files = false;
  /// Whether to follow symbolic links that lead out of the directory. Links within the directory are always followed,
  /// except on a kernel without openat2(2) (before Linux 5.6, or if a seccomp profile forbids it), where no link is
  /// followed.
  bool links_out_of_root = false;
};

/// Adds a route for GET and HEAD of the files below the directory `root`: `prefix` is a path such as `/files`, or empty
/// for all paths. See `file_response` for the supported request headers. A path with `..`, `.`, an empty segment or a
/// NUL byte, or a path that leads out of `root`, is rejected with 404. The path of a directory without a trailing slash
/// is redirected to the path with the slash. Throws `std::system_error` if `root` is not a directory that can be
/// opened. The directory stays open, so that renaming it has no effect.
operation& directory(route_group& routes, const std::string& prefix, const std::filesystem::path& root,
                     directory_options options = {});

}  // namespace cohort::http
