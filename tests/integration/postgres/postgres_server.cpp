// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/postgres/postgres_server.hpp"

#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <vector>

namespace cohort::test {
namespace {

namespace fs = std::filesystem;

/// Returns a port that was free at the time of the call. The server must use the same port after each start.
std::uint16_t free_port() {
  const file_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace

fs::path postgres_server::program_directory() {
  std::vector<fs::path> found;
  const fs::path root{"/usr/lib/postgresql"};
  if (fs::exists(root)) {
    for (const auto& version : fs::directory_iterator{root}) {
      if (fs::exists(version.path() / "bin" / "initdb")) found.push_back(version.path() / "bin");
    }
  }
  if (found.empty() || (::geteuid() == 0 && !fs::exists("/usr/bin/setpriv"))) return {};
  return *std::max_element(found.begin(), found.end());
}

postgres_server& postgres_server::shared() {
  static postgres_server server;
  return server;
}

postgres_server::postgres_server() : port_(free_port()) {
  const auto password_file = directory_.write("password", password);
  fs::create_directory(directory_.path() / "data");
  if (::geteuid() == 0) {
    const auto* const unprivileged_user = ::getpwnam("nobody");
    if (!unprivileged_user) throw std::runtime_error("no user nobody");
    for (const auto& path : {directory_.path(), directory_.path() / "data", password_file}) {
      if (::chown(path.c_str(), unprivileged_user->pw_uid, unprivileged_user->pw_gid) != 0)
        throw std::runtime_error("chown failed");
    }
  }
  const auto initdb = run("initdb", {"-D", (directory_.path() / "data").string(), "-U", user, "--auth=scram-sha-256",
                                     "--pwfile=" + password_file.string(), "--no-sync", "--no-locale", "-E", "UTF8"});
  if (initdb->wait_for_exit() != 0) throw std::runtime_error("initdb: " + initdb->error_output());
  start();
}

postgres_server::~postgres_server() {
  try {
    stop();
  } catch (const std::exception&) {
    // The destructor of `process_` kills the server.
  }
}

std::unique_ptr<child_process> postgres_server::run(const std::string& program,
                                                    const std::vector<std::string>& arguments) const {
  const auto path = program_directory() / program;
  if (::geteuid() != 0) return std::make_unique<child_process>(path, arguments);
  std::vector<std::string> all{"--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=KILL", "--", path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return std::make_unique<child_process>("/usr/bin/setpriv", all);
}

void postgres_server::start() {
  const auto setting = [](const std::string& text) { return "--" + text; };
  process_ = run("postgres", {"-D", (directory_.path() / "data").string(), "-h", "127.0.0.1", "-p",
                              std::to_string(port_), setting("unix_socket_directories="), setting("fsync=off"),
                              setting("max_connections=40"), setting("shared_buffers=16MB")});
  process_->wait_for_line("ready to accept connections");
}

void postgres_server::stop() {
  if (!process_) return;
  process_->signal(SIGINT);
  process_->wait_for_exit();
  process_.reset();
}

std::string postgres_server::url_with_password(const std::string& user_password) const {
  return std::string{"postgresql://"} + user + ":" + user_password + "@localhost:" + std::to_string(port_) +
         "/postgres";
}

}  // namespace cohort::test
