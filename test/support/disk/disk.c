/*
 * Preloaded into a process (LD_PRELOAD): writes down what the process does to the files of one
 * folder, in its order, and makes such calls fail while it is told to. What a test says is in the
 * environment: DISK_FOLDER, an absolute path; DISK_RECORD, the file to write down into; and
 * DISK_FAULT, a file of two 32-bit numbers: which calls fail, and with which errno.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* As recording.ts reads them. */
enum { WRITE = 1, SYNC = 2, TRUNCATE = 3, UNLINK = 4, RENAME = 5 };

/* As disk.ts sets them. */
enum { WRITES_FAIL = 1, SYNCS_FAIL = 2, SYNCS_HANG = 4 };

struct __attribute__((packed)) entry {
  uint8_t call;
  uint16_t name_length;
  uint32_t data_length;
  uint64_t offset;
};

static char folder[PATH_MAX];
static size_t folder_length;
static int record = -1;
static volatile int32_t *fault;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("DISK_FOLDER");
  if (!path || strlen(path) >= sizeof folder) return;
  strcpy(folder, path);
  folder_length = strlen(folder);
  path = getenv("DISK_RECORD");
  if (path) record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  path = getenv("DISK_FAULT");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, 2 * sizeof *fault, PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) fault = page;
  close(file);
}

/* The name within the folder, "." for itself; NULL for what is elsewhere. */
static const char *inside(const char *path) {
  if (!folder_length || strncmp(path, folder, folder_length)) return NULL;
  if (path[folder_length] == 0) return ".";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static const char *name_of(int file, char *path) {
  char link[32];
  if (!folder_length) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return NULL;
  path[length] = 0;
  return inside(path);
}

static void put(int call, const char *name, uint64_t offset, const void *data, size_t length) {
  if (record < 0) return;
  struct entry head = {call, strlen(name), length, offset};
  struct iovec parts[] = {
      {&head, sizeof head}, {(void *)name, head.name_length}, {(void *)data, length}};
  pthread_mutex_lock(&one_at_a_time);
  if (writev(record, parts, 3) != (ssize_t)(sizeof head + head.name_length + length)) abort();
  pthread_mutex_unlock(&one_at_a_time);
}

static int fails(int calls) {
  if (!fault || !(fault[0] & calls)) return 0;
  errno = fault[1];
  return 1;
}

/* A disk that is full takes what still fits: half of the first write that it refuses. */
static size_t that_fits(size_t length) { return length > 512 ? length / 2 : 0; }

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  char path[PATH_MAX];
  const char *name = name_of(file, path);
  if (!name) return syscall(SYS_pwrite64, file, data, length, offset);
  if (fails(WRITES_FAIL)) {
    int why = errno;
    length = why == ENOSPC ? that_fits(length) : 0;
    if (length == 0) return errno = why, -1;
  }
  put(WRITE, name, offset, data, length);
  return syscall(SYS_pwrite64, file, data, length, offset);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
  return pwrite64(file, data, length, offset);
}

/* SQLite never writes so. What a test writes itself stands at its place among all the rest. */
ssize_t write(int file, const void *data, size_t length) {
  char path[PATH_MAX];
  const char *name = name_of(file, path);
  if (name) put(WRITE, name, lseek(file, 0, SEEK_CUR), data, length);
  return syscall(SYS_write, file, data, length);
}

static int synced(int file, long number) {
  char path[PATH_MAX];
  const char *name = name_of(file, path);
  if (name && fails(SYNCS_FAIL)) return -1;
  while (name && fault && (fault[0] & SYNCS_HANG)) usleep(1000);
  int result = syscall(number, file);
  if (name && result == 0) put(SYNC, name, 0, NULL, 0);
  return result;
}

int fsync(int file) { return synced(file, SYS_fsync); }

int fdatasync(int file) { return synced(file, SYS_fdatasync); }

int ftruncate64(int file, off64_t length) {
  char path[PATH_MAX];
  const char *name = name_of(file, path);
  if (name) put(TRUNCATE, name, length, NULL, 0);
  return syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int unlink(const char *path) {
  const char *name = inside(path);
  if (name) put(UNLINK, name, 0, NULL, 0);
  return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to) {
  const char *name = inside(from);
  const char *other = inside(to);
  if (name && other) put(RENAME, name, 0, other, strlen(other));
  return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
