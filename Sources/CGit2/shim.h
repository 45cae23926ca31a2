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
