/* What a program asks of the files under one folder, written down for a power cut to be made of it.
 *
 * Loaded by LD_PRELOAD. Every write, change of length, sync, and change of a name under DISK_FOLDER
 * is appended to DISK_LOG in the order in which it took place; tests/crash/disk.py makes of it what
 * a disk would hold if the power failed. A sync is logged as its beginning and its end: only what
 * was written before it began is safe, and only once it has ended. It costs DISK_SYNC_US
 * microseconds and touches no real disk.
 *
 * While DISK_CONTROL/full exists no file can grow (ENOSPC); while DISK_CONTROL/thin exists nothing can
 * be written at all (ENOSPC, as of a thin volume or one that copies on write); while
 * DISK_CONTROL/broken exists no sync succeeds (EIO).
 *
 * What is written through a shared mapping is not seen: such files are logged as mapped. A call that
 * would change a file behind our back ends the program.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { OPENED = 1, CREATED, UNLINKED, RENAMED, WRITTEN, TRUNCATED, SYNC_BEGINS, SYNC_ENDS, MAPPED };

struct record {
    uint32_t op, path_length;
    uint64_t inode, number, length; /* number: an offset, a length, or which sync */
};

#define FILES 65536
static uint64_t inode_of[FILES]; /* by descriptor; 0: not ours */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char folder[PATH_MAX];
static size_t folder_length;
static char full_flag[PATH_MAX], thin_flag[PATH_MAX], broken_flag[PATH_MAX];
static long sync_us = 1000;
static uint64_t syncs;

#define REAL(type, name, ...)                                   \
    static type (*real)(__VA_ARGS__);                           \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void give_up(const char *what) {
    dprintf(2, "disk.c: %s of a file that is watched\n", what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("DISK_FOLDER"), *log = getenv("DISK_LOG");
    const char *control = getenv("DISK_CONTROL"), *us = getenv("DISK_SYNC_US");
    if (!where || !log || !realpath(where, folder)) return;
    folder_length = strlen(folder);
    journal = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) give_up("the log");
    if (control) {
        snprintf(full_flag, sizeof full_flag, "%s/full", control);
        snprintf(thin_flag, sizeof thin_flag, "%s/thin", control);
        snprintf(broken_flag, sizeof broken_flag, "%s/broken", control);
    }
    if (us) sync_us = atol(us);
}

static int is_set(const char *flag) { return *flag && access(flag, F_OK) == 0; }

static void note(enum op op, uint64_t inode, uint64_t number, const char *path, size_t path_length,
                 const void *data, size_t length) {
    struct record head = {op, path_length, inode, number, length};
    struct iovec pieces[3] = {
        {&head, sizeof head}, {(void *)path, path_length}, {(void *)data, length}};
    ssize_t wanted = sizeof head + path_length + length;
    if (syscall(SYS_writev, journal, pieces, 3) != wanted) give_up("the log");
}

static int ours(int fd) { return journal >= 0 && fd >= 0 && fd < FILES && inode_of[fd]; }

static int is_under(const char *path) {
    return !strncmp(path, folder, folder_length) &&
           (path[folder_length] == '/' || !path[folder_length]);
}

/* The absolute path of a name, whose last component need not exist; false where it is not ours. */
static int place(int at, const char *name, char *path) {
    if (journal < 0 || !name) return 0;
    char whole[PATH_MAX], *slash;
    if (*name == '/') {
        snprintf(whole, sizeof whole, "%s", name);
    } else {
        char link[64], base[PATH_MAX];
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t n = readlink(link, base, sizeof base - 1);
            if (n < 0) return 0;
            base[n] = 0;
        }
        if (snprintf(whole, sizeof whole, "%s/%s", base, name) >= (int)sizeof whole) return 0;
    }
    if (realpath(whole, path)) return is_under(path);
    if (!(slash = strrchr(whole, '/')) || slash == whole) return 0;
    *slash = 0;
    char parent[PATH_MAX];
    if (!realpath(whole, parent)) return 0;
    if (snprintf(path, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX) return 0;
    return is_under(path);
}

static int open_it(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!place(at, name, path)) return syscall(SYS_openat, at, name, flags, mode);
    pthread_mutex_lock(&turn);
    int there = access(path, F_OK) == 0;
    int fd = syscall(SYS_openat, at, name, flags, mode);
    int error = errno;
    struct stat found;
    if (fd >= 0 && !fstat(fd, &found)) {
        if (fd >= FILES || (flags & O_TMPFILE) == O_TMPFILE) give_up("an open");
        inode_of[fd] = found.st_ino;
        note(there ? OPENED : CREATED, found.st_ino, S_ISDIR(found.st_mode), path, strlen(path), "", 0);
        if (there && flags & O_TRUNC) note(TRUNCATED, found.st_ino, 0, "", 0, "", 0);
    }
    pthread_mutex_unlock(&turn);
    errno = error;
    return fd;
}

#define MODE(flags, last)                            \
    mode_t mode = 0;                                 \
    if (flags & (O_CREAT | __O_TMPFILE)) {           \
        va_list more;                                \
        va_start(more, last);                        \
        mode = va_arg(more, mode_t);                 \
        va_end(more);                                \
    }

int open(const char *name, int flags, ...) { MODE(flags, flags) return open_it(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, flags) return open_it(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags, flags) return open_it(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags, flags) return open_it(at, name, flags, mode); }
int __open_2(const char *name, int flags) { return open_it(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return open_it(AT_FDCWD, name, flags, 0); }
int __openat_2(int at, const char *name, int flags) { return open_it(at, name, flags, 0); }
int __openat64_2(int at, const char *name, int flags) { return open_it(at, name, flags, 0); }
int creat(const char *name, mode_t mode) { return open_it(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

int close(int fd) {
    if (!ours(fd)) return syscall(SYS_close, fd);
    pthread_mutex_lock(&turn);
    inode_of[fd] = 0;
    int result = syscall(SYS_close, fd);
    pthread_mutex_unlock(&turn);
    return result;
}

static int has_no_room(int fd, off_t end) {
    struct stat found;
    if (is_set(thin_flag)) return 1;
    return is_set(full_flag) && !fstat(fd, &found) && end > found.st_size;
}

static ssize_t write_it(int fd, const void *data, size_t length, off_t at) {
    pthread_mutex_lock(&turn);
    ssize_t done = -1;
    if (has_no_room(fd, at + (off_t)length))
        errno = ENOSPC;
    else
        done = syscall(SYS_pwrite64, fd, data, length, at);
    int error = errno;
    if (done > 0) note(WRITTEN, inode_of[fd], at, "", 0, data, done);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
    return ours(fd) ? write_it(fd, data, length, at) : syscall(SYS_pwrite64, fd, data, length, at);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

ssize_t write(int fd, const void *data, size_t length) {
    if (!ours(fd)) return syscall(SYS_write, fd, data, length);
    if (fcntl(fd, F_GETFL) & O_APPEND) give_up("an append");
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = write_it(fd, data, length, at);
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    return done;
}

int ftruncate64(int fd, off_t length) {
    if (!ours(fd)) return syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&turn);
    int result = -1;
    if (has_no_room(fd, length))
        errno = ENOSPC;
    else
        result = syscall(SYS_ftruncate, fd, length);
    int error = errno;
    if (!result) note(TRUNCATED, inode_of[fd], length, "", 0, "", 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_it(int fd) {
    pthread_mutex_lock(&turn);
    uint64_t mine = ++syncs, inode = inode_of[fd];
    note(SYNC_BEGINS, inode, mine, "", 0, "", 0);
    pthread_mutex_unlock(&turn);
    struct timespec pause = {sync_us / 1000000, sync_us % 1000000 * 1000};
    nanosleep(&pause, NULL);
    if (is_set(broken_flag)) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&turn);
    note(SYNC_ENDS, inode, mine, "", 0, "", 0);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fsync(int fd) { return ours(fd) ? sync_it(fd) : syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return ours(fd) ? sync_it(fd) : syscall(SYS_fdatasync, fd); }

static int unlink_it(int at, const char *name, int flags) {
    char path[PATH_MAX];
    if (!place(at, name, path)) return syscall(SYS_unlinkat, at, name, flags);
    pthread_mutex_lock(&turn);
    int result = syscall(SYS_unlinkat, at, name, flags), error = errno;
    if (!result) note(UNLINKED, 0, 0, path, strlen(path), "", 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}
int unlink(const char *name) { return unlink_it(AT_FDCWD, name, 0); }
int unlinkat(int at, const char *name, int flags) { return unlink_it(at, name, flags); }
int remove(const char *name) {
    char path[PATH_MAX];
    REAL(int, "remove", const char *);
    return place(AT_FDCWD, name, path) ? unlink_it(AT_FDCWD, name, 0) : real(name);
}

static int rename_it(int from_at, const char *from, int to_at, const char *to) {
    char old[PATH_MAX], new[PATH_MAX], both[2 * PATH_MAX];
    int from_ours = place(from_at, from, old), to_ours = place(to_at, to, new);
    if (from_ours != to_ours) give_up("a rename into or out of the folder");
    if (!from_ours) return syscall(SYS_renameat2, from_at, from, to_at, to, 0);
    pthread_mutex_lock(&turn);
    int result = syscall(SYS_renameat2, from_at, from, to_at, to, 0), error = errno;
    if (!result) {
        int length = snprintf(both, sizeof both, "%s\n%s", old, new);
        note(RENAMED, 0, 0, both, length, "", 0);
    }
    pthread_mutex_unlock(&turn);
    errno = error;
    return result;
}
int rename(const char *from, const char *to) { return rename_it(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int fa, const char *f, int ta, const char *t) { return rename_it(fa, f, ta, t); }

void *mmap64(void *where, size_t length, int prot, int flags, int fd, off_t at) {
    if (ours(fd) && flags & MAP_SHARED && prot & PROT_WRITE) {
        pthread_mutex_lock(&turn);
        note(MAPPED, inode_of[fd], 0, "", 0, "", 0);
        pthread_mutex_unlock(&turn);
    }
    return (void *)syscall(SYS_mmap, where, length, prot, flags, fd, at);
}
void *mmap(void *where, size_t length, int prot, int flags, int fd, off_t at) {
    return mmap64(where, length, prot, flags, fd, at);
}

/* What is not understood must not pass unseen. */
int dup(int fd) {
    if (ours(fd)) give_up("a dup");
    return syscall(SYS_dup, fd);
}
int dup2(int fd, int to) {
    if (ours(fd) || ours(to)) give_up("a dup2");
    return syscall(SYS_dup2, fd, to);
}
int dup3(int fd, int to, int flags) {
    if (ours(fd) || ours(to)) give_up("a dup3");
    return syscall(SYS_dup3, fd, to, flags);
}
ssize_t writev(int fd, const struct iovec *pieces, int count) {
    if (ours(fd)) give_up("a writev");
    return syscall(SYS_writev, fd, pieces, count);
}
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off_t at) {
    if (ours(fd)) give_up("a pwritev");
    REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off_t);
    return real(fd, pieces, count, at);
}
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) { return pwritev64(fd, pieces, count, at); }
ssize_t sendfile64(int out, int in, off_t *at, size_t count) {
    if (ours(out)) give_up("a sendfile");
    return syscall(SYS_sendfile, out, in, at, count);
}
ssize_t sendfile(int out, int in, off_t *at, size_t count) { return sendfile64(out, in, at, count); }
int fallocate64(int fd, int mode, off_t at, off_t length) {
    if (ours(fd)) give_up("a fallocate");
    return syscall(SYS_fallocate, fd, mode, at, length);
}
int fallocate(int fd, int mode, off_t at, off_t length) { return fallocate64(fd, mode, at, length); }
int posix_fallocate64(int fd, off_t at, off_t length) {
    if (ours(fd)) give_up("a posix_fallocate");
    REAL(int, "posix_fallocate64", int, off_t, off_t);
    return real(fd, at, length);
}
int posix_fallocate(int fd, off_t at, off_t length) { return posix_fallocate64(fd, at, length); }
int linkat(int fa, const char *f, int ta, const char *t, int flags) {
    char path[PATH_MAX];
    if (place(fa, f, path) || place(ta, t, path)) give_up("a link");
    return syscall(SYS_linkat, fa, f, ta, t, flags);
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
