// libgit2's public interface, and what Swift cannot call itself: its variadic option function.
#pragma once
#include <git2.h>
