/* Makes one call fail, of those that weir makes and of those that libuv makes for it. Two doors
 * lead out of the library: `calls.syms` renames what it calls itself to fault_.., so that calls of
 * a test's own peers are left alone (fault_uv.c); and the program's own read(), write() .. stand
 * before libc's, where libuv finds them (fault_system.c). There a descriptor tells whose call it
 * is: every socket made or accepted for weir is written down, with the side it leads to. */
#ifndef WEIR_TEST_FAULT_H
#define WEIR_TEST_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Of libuv, called by weir. */
#define FAULT_UV_CALLS(X) \
  X(uv_accept) \
  X(uv_cancel) \
  X(uv_fileno) \
  X(uv_getaddrinfo) \
  X(uv_listen) \
  X(uv_pipe_init) \
  X(uv_pipe_open) \
  X(uv_read_start) \
  X(uv_tcp_close_reset) \
  X(uv_tcp_connect) \
  X(uv_tcp_getpeername) \
  X(uv_tcp_getsockname) \
  X(uv_tcp_init) \
  X(uv_tcp_open) \
  X(uv_timer_init) \
  X(uv_timer_start) \
  X(uv_try_write) \
  X(uv_write)

/* Of the system, called by weir, or by libuv for weir. */
#define FAULT_SYSTEM_CALLS(X) \
  X(accept) \
  X(accept4) \
  X(bind) \
  X(close) \
  X(connect) \
  X(epoll_ctl) \
  X(epoll_del) \
  X(epoll_wait) \
  X(fcntl) \
  X(getaddrinfo) \
  X(getpeername) \
  X(getsockname) \
  X(getsockopt) \
  X(ioctl) \
  X(listen) \
  X(lstat) \
  X(poll) \
  X(read) \
  X(recv) \
  X(setsockopt) \
  X(shutdown) \
  X(socket) \
  X(unlink) \
  X(write) \
  X(writev)

enum fault_call {
#define FAULT_ENUM(name) FAULT_##name,
  FAULT_UV_CALLS(FAULT_ENUM) FAULT_SYSTEM_CALLS(FAULT_ENUM)
#undef FAULT_ENUM
      FAULT_CALLS
};

/* Where a call's descriptor leads. NONE: it has none, or is not connected yet. */
enum fault_side { FAULT_NONE, FAULT_LISTENER, FAULT_CLIENT, FAULT_ORIGIN, FAULT_SIDES };

/* Errors that are no numbers of the system. */
enum {
  FAULT_SHORT = 100001,  /* reads and writes: one byte passes */
  FAULT_LATE = 200000,   /* connect: in progress first, this + errno afterwards */
  FAULT_EEXIST = 300001, /* epoll_ctl: did what it was asked, but says that it had been done */
  FAULT_EVER = 1u << 30, /* times: from the n-th call on */
};

typedef struct fault {
  enum fault_call call;
  enum fault_side side;
  size_t nth;   /* counted from 1 since fault_arm(), by call and side */
  size_t times; /* so many of them in a row */
  int error;    /* errno, a code of libuv, EAI_.., or one of the above */
} fault;

const char *fault_call_name(enum fault_call call);
const char *fault_side_name(enum fault_side side);

/* First of all: the thread that calls it is that of the loop. */
void fault_begin(void);
/* From here on calls are counted, and this one fails (NULL: none). */
void fault_arm(const fault *f);
/* All goes well again. */
void fault_disarm(void);
/* How many there were since fault_arm(). */
size_t fault_count(enum fault_call call, enum fault_side side);
/* How often the fault struck since fault_arm(). */
size_t fault_hits(void);

/* Bytes that weir has read and written so far. */
size_t fault_bytes(void);

/* ---- between the files of faults ---- */

/* Counts a call and says how it must fail: 0, or the error. */
int fault_take(enum fault_call call, enum fault_side side);
/* Weir is calling out, until it has left as often as it entered: sockets made meanwhile lead to
 * `side`. */
void fault_enter(enum fault_side side);
void fault_leave(void);
/* True within that, in the thread of the loop. */
bool fault_inside(void);
/* Where a descriptor leads; NONE if it is not weir's. */
enum fault_side fault_side_of(int fd);
/* A new descriptor leads there; NONE for one that is not weir's, or is closed. */
void fault_own(int fd, enum fault_side side);
/* The side of sockets that are made now. */
enum fault_side fault_making(void);
void fault_passed(size_t bytes);
/* Both ends of its connection learn that it has ended. */
void fault_cut(int fd);
/* A descriptor came or went: when there are none left (EMFILE for ever) that decides. */
void fault_descriptor(int change);
/* True if the fault is that there are no descriptors any more. */
bool fault_no_descriptor(void);

#endif
