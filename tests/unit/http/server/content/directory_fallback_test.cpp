// SPDX-License-Identifier: BSL-1.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <map>
#include <thread>

#include <cohort/http/server/content/directory.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of directories on a kernel without openat2(2), and in a container whose system call filter denies openat2.
namespace cohort {
namespace {

using namespace cohort::test;

/// Makes openat2 fail with this error in the calling thread.
bool deny_openat2(int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_CASE("directory: without openat2, files are served, and no symbolic link is followed", "[http][server][threads]") {
  const int error = GENERATE(ENOSYS, EPERM);
  temporary_directory directory;
  directory.write("root/page.html", "page");
  directory.write("root/sub/deep.json", "{}");
  directory.write("outside.txt", "outside");
  const auto root = directory.path() / "root";
  std::filesystem::create_symlink("page.html", root / "inner");
  std::filesystem::create_symlink("../outside.txt", root / "outer");
  std::filesystem::create_directory_symlink("..", root / "up");
  std::filesystem::create_directory_symlink("sub", root / "alias");

  // The filter stays active until the thread exits.
  bool is_denied = false;
  std::map<std::string, int> statuses;
  std::string deep_path;
  std::thread thread{[&] {
    is_denied = deny_openat2(error);
    server_fixture server;
    http::directory(server.routes, "/files", root);
    for (const auto* path : {"page.html", "sub/deep.json", "inner", "outer", "up/outside.txt", "alias/deep.json",
                             "sub/nothing", "nothing/page.html", "page.html/sub"})
      statuses[path] = server.response_to(get("/files/" + std::string{path})).status;
    deep_path = server.response_to(get("/files/sub/deep.json")).body;
  }};
  thread.join();
  REQUIRE(is_denied);
  CHECK(deep_path == "{}");
  CHECK(statuses == std::map<std::string, int>{{"page.html", 200},
                                               {"sub/deep.json", 200},
                                               {"inner", 404},
                                               {"outer", 404},
                                               {"up/outside.txt", 404},
                                               {"alias/deep.json", 404},
                                               {"sub/nothing", 404},
                                               {"nothing/page.html", 404},
                                               {"page.html/sub", 404}});
}

}  // namespace
}  // namespace cohort
