// SPDX-License-Identifier: BSL-1.0
// A library for LD_PRELOAD that shifts the wall clock of a program, but not its monotonic clock. The variable
// WALL_CLOCK_OFFSET_FILE names a file with the shift in seconds, an int64 that a test can change while the program
// runs.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using clock_gettime_function = int (*)(clockid_t, timespec*);

const volatile std::int64_t* map_offset() {
  static const std::int64_t zero = 0;
  const char* const path = std::getenv("WALL_CLOCK_OFFSET_FILE");
  const int file = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return &zero;
  void* const mapped = ::mmap(nullptr, sizeof zero, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return mapped == MAP_FAILED ? &zero : static_cast<const std::int64_t*>(mapped);
}

std::int64_t offset() {
  static const volatile std::int64_t* const mapped = map_offset();
  return *mapped;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* result) noexcept {
  static const auto original = reinterpret_cast<clock_gettime_function>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int status = original(id, result);
  if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) result->tv_sec += offset();
  return status;
}

int gettimeofday(timeval* result, void*) noexcept {
  timespec now{};
  const int status = clock_gettime(CLOCK_REALTIME, &now);
  if (status == 0) *result = {now.tv_sec, now.tv_nsec / 1000};
  return status;
}

time_t time(time_t* result) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
