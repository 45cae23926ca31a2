// What Linux has and the C library's own module leaves out: epoll(7), eventfd(2), accept4(2), ioctl(2), names of threads.
#pragma once
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// GNU's own, which the headers show only where definitions of theirs would differ from those of the C library's module.
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pthread_setname_np(pthread_t, const char *);

static const uint32_t clinux_readable = EPOLLIN;
static const uint32_t clinux_writable = EPOLLOUT;
static const uint32_t clinux_read_hang_up = EPOLLRDHUP;
/// An error, or both directions are closed.
static const uint32_t clinux_broken = EPOLLERR | EPOLLHUP;

/// A new epoll instance that programs do not inherit.
static inline int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

/// Reports each change of what the descriptor can do, once, with `key`.
static inline int clinux_epoll_add_edges(int epoll, int descriptor, uint64_t key) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// Reports that the descriptor is readable for as long as it is.
static inline int clinux_epoll_add_level(int epoll, int descriptor, uint64_t key) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// Reports nothing more of the descriptor.
static inline int clinux_epoll_remove(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

/// A counter to wake a loop with.
static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/// A stream socket that does not block and is not inherited.
static inline int clinux_socket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/// Accepts a connection whose descriptor does not block and is not inherited.
static inline int clinux_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/// Bytes that have come and were not read (tcp(7), SIOCINQ); -1 when the kernel does not say.
static inline int clinux_readable_bytes(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

/// Names the calling thread, in at most 15 bytes.
static inline void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
