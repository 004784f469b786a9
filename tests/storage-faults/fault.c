/* Lets the FAULT_AT-th call that changes a file below FAULT_DIR fail with FAULT_ERRNO, and every later one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static int below(const char *path) {
    const char *dir = getenv("FAULT_DIR");
    return dir && strncmp(path, dir, strlen(dir)) == 0;
}

static int of_file(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

static int fails(void) {
    const char *at = getenv("FAULT_AT"), *number = getenv("FAULT_ERRNO");
    if (!at || !number || atomic_fetch_add(&calls, 1) + 1 < atol(at)) return 0;
    errno = atoi(number);
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t count) { return of_file(fd) && fails() ? -1 : REAL(write)(fd, data, count); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return of_file(fd) && fails() ? -1 : REAL(writev)(fd, parts, count); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { return of_file(fd) && fails() ? -1 : REAL(pwrite64)(fd, data, count, at); }
int fsync(int fd) { return of_file(fd) && fails() ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return of_file(fd) && fails() ? -1 : REAL(fdatasync)(fd); }
int ftruncate64(int fd, off64_t length) { return of_file(fd) && fails() ? -1 : REAL(ftruncate64)(fd, length); }
int rename(const char *from, const char *to) { return below(to) && fails() ? -1 : REAL(rename)(from, to); }
