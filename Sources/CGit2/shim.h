// libgit2's public interface, and what Swift cannot call itself: its variadic option function.
#pragma once
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <stdlib.h>

/// Sets a size option (such as GIT_OPT_SET_PACK_MAX_OBJECT_SIZE).
static inline int cgit2_set_size_option(int option, size_t value) { return git_libgit2_opts(option, value); }

/// Sets a switch (such as GIT_OPT_ENABLE_STRICT_OBJECT_CREATION).
static inline int cgit2_set_switch(int option, int value) { return git_libgit2_opts(option, value); }

/// Sets where configuration files of one level are looked for.
static inline int cgit2_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

// Linux calls that the C library shows only to GNU programs (syncfs(2), sync_file_range(2)).
extern int syncfs(int descriptor);
extern int sync_file_range(int descriptor, __off64_t offset, __off64_t count, unsigned int flags);

/// Makes the whole file system of `descriptor` durable.
static inline int cgit2_flush_file_system(int descriptor) { return syncfs(descriptor); }

/// Begins to write a file's bytes to the disk, without waiting (SYNC_FILE_RANGE_WRITE is 2).
static inline int cgit2_begin_writeback(int descriptor) { return sync_file_range(descriptor, 0, 0, 2); }

/// Has the child close every descriptor from `first` on (the C library shows it only to GNU programs).
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
static inline int cgit2_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/// A pipe that no other program inherits (shown only to GNU programs, too).
extern int pipe2(int ends[2], int flags);
static inline int cgit2_pipe(int ends[2]) { return pipe2(ends, 02000000); }

/// Has the process end with its parent: prctl is variadic.
static inline int cgit2_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9L); }

/// Sets both bounds of a resource; the resources are an enumeration that Swift reads in a way of its own.
static inline int cgit2_limit_memory(unsigned long bytes) { return setrlimit(RLIMIT_DATA, &(struct rlimit){bytes, bytes}); }
static inline int cgit2_limit_file_size(unsigned long bytes) { return setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes}); }
static inline int cgit2_limit_processor(unsigned long seconds) { return setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds}); }
static inline int cgit2_limit_files(unsigned long count) { return setrlimit(RLIMIT_NOFILE, &(struct rlimit){count, count}); }
static inline int cgit2_limit_core(unsigned long bytes) { return setrlimit(RLIMIT_CORE, &(struct rlimit){bytes, bytes}); }

static inline int cgit2_limit_processes(unsigned long count) { return setrlimit(RLIMIT_NPROC, &(struct rlimit){count, count}); }

/// Lets the process never gain rights by starting a program.
static inline int cgit2_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L); }

/// Gives the process a network of its own, without any interface that is up (CLONE_NEWNET).
extern int unshare(int flags);
static inline int cgit2_leave_network(void) { return unshare(0x40000000); }

/// Gives freed memory back to the system (malloc_trim(3)).
static inline int cgit2_trim_memory(void) { return malloc_trim(0); }

/// Sets how many heaps threads share (mallopt(3), M_ARENA_MAX). For the beginning of the process.
static inline int cgit2_limit_heaps(int count) { return mallopt(M_ARENA_MAX, count); }

// The library hashes an object piece by piece only on its way into a database. So this is a database that keeps nothing.
static int cgit2_hashing_write(git_odb_stream *stream, const char *bytes, size_t count) { return 0; }
static int cgit2_hashing_finish(git_odb_stream *stream, const git_oid *id) { return 0; }
static void cgit2_hashing_free(git_odb_stream *stream) { free(stream); }
static void cgit2_hashing_free_backend(git_odb_backend *backend) { free(backend); }

static int cgit2_hashing_open(
    git_odb_stream **stream, git_odb_backend *backend, git_object_size_t size, git_object_t type) {
    git_odb_stream *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return -1;
    fresh->backend = backend;
    fresh->mode = GIT_STREAM_WRONLY;
    fresh->write = cgit2_hashing_write;
    fresh->finalize_write = cgit2_hashing_finish;
    fresh->free = cgit2_hashing_free;
    *stream = fresh;
    return 0;
}

/// Makes `database`, which is empty, one whose write streams only hash.
static inline int cgit2_add_hashing_backend(git_odb *database) {
    git_odb_backend *backend = calloc(1, sizeof *backend);
    if (!backend) return -1;
    git_odb_init_backend(backend, GIT_ODB_BACKEND_VERSION);
    backend->writestream = cgit2_hashing_open;
    backend->free = cgit2_hashing_free_backend;
    int status = git_odb_add_backend(database, backend, 1);
    if (status < 0) free(backend);
    return status;
}
