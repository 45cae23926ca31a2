// libgit2's public interface, and what Swift cannot call itself: its variadic option function.
#pragma once
#include <git2.h>

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
