// Preloaded into a server (LD_PRELOAD), counts what it asks of the heap. The count lies in a file that it maps, so that
// `run` can read it while the server works, without a signal that would disturb what is counted.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

// glibc's own entries: looking up the next `malloc` with dlsym would itself allocate.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

using count = std::atomic<std::uint64_t>;
count before_the_file_is_mapped{0};
count* allocations = &before_the_file_is_mapped;

[[gnu::constructor]] void map_file() {
  const char* path = std::getenv("COHORT_ALLOCATIONS_FILE");
  if (!path) return;
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (::ftruncate(file, sizeof(count)) == 0) {
    void* mapped = ::mmap(nullptr, sizeof(count), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) allocations = static_cast<count*>(mapped);
  }
  ::close(file);
}

void add_one() noexcept { allocations->fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  add_one();
  return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
  add_one();
  return __libc_calloc(number, size);
}

void* realloc(void* old, std::size_t size) {
  add_one();
  return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  add_one();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  add_one();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** made, std::size_t alignment, std::size_t size) {
  add_one();
  *made = __libc_memalign(alignment, size);
  return *made ? 0 : ENOMEM;
}
}
