// SPDX-License-Identifier: BSL-1.0
// A library for LD_PRELOAD that counts the heap allocations of a server. The variable COHORT_ALLOCATIONS_FILE names the
// file of the counter. A test can thus read the counter while the server runs, without a signal that would change the
// count.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

// Uses glibc's internal names, because a lookup of the next `malloc` with dlsym would itself allocate.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

using counter = std::atomic<std::uint64_t>;
counter unmapped_counter{0};
counter* allocations = &unmapped_counter;

[[gnu::constructor]] void map_file() {
  const char* path = std::getenv("COHORT_ALLOCATIONS_FILE");
  if (!path) return;
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (::ftruncate(file, sizeof(counter)) == 0) {
    void* mapped = ::mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) allocations = static_cast<counter*>(mapped);
  }
  ::close(file);
}

void count_allocation() noexcept { allocations->fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) {
  count_allocation();
  return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  count_allocation();
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
}
