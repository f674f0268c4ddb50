#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* EAI_ and strerrorname_np */
#endif
#include "faults/kinds.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "weir/err.h"

enum { ROW = 10 };

const kind kinds[] = {
#define LISTENER FAULT_LISTENER
#define CLIENT FAULT_CLIENT
#define ORIGIN FAULT_ORIGIN
#define NONE FAULT_NONE
#define EVER FAULT_EVER
#define LATE(error) (FAULT_LATE + error)
    /* a client comes */
    {FAULT_accept4, LISTENER, NOTHING, LATER, EVER, {EAGAIN}},
    {FAULT_accept4, LISTENER, NOTHING, NEVER, 0, {EINTR, ECONNABORTED}},
    {FAULT_accept4, LISTENER, NOTHING, NOTHING, ROW, {ENOMEM, ENOBUFS, EPERM, EPROTO, ENETDOWN}},
    {FAULT_accept4, LISTENER, UNHEARD, UNHEARD, EVER, {EMFILE, ENFILE}}, /* accept(): see below */
    {FAULT_uv_accept, LISTENER, UNHEARD, UNHEARD, EVER, {UV_EINVAL, UV_ENOMEM}},
    {FAULT_uv_tcp_getpeername,
     CLIENT,
     UNHEARD | REFUSES,
     UNHEARD | REFUSES,
     EVER,
     {UV_ENOTCONN, UV_ENOBUFS}},
    {FAULT_getpeername, CLIENT, UNHEARD | REFUSES, UNHEARD | REFUSES, EVER, {ENOTCONN, ENOBUFS}},
    {FAULT_uv_tcp_getsockname, CLIENT, NOTHING, NOTHING, EVER, {UV_ENOBUFS}},
    {FAULT_getsockname, CLIENT, NOTHING, NOTHING, EVER, {ENOBUFS}},
    {FAULT_uv_read_start, CLIENT, GONE, GONE, EVER, {UV_ENOTCONN, UV_EINVAL, UV_ENOMEM}},

    /* it is read, written, ended */
    {FAULT_read,
     CLIENT,
     GONE,
     GONE,
     EVER,
     {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EIO, ENOMEM, ENOBUFS}},
    {FAULT_read, CLIENT, NOTHING, GONE | TIMEOUT, EVER, {EAGAIN}},
    {FAULT_read, CLIENT, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_read, CLIENT, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_write, CLIENT, GONE, GONE, EVER, {EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EIO}},
    {FAULT_write, CLIENT, NOTHING, GONE | TIMEOUT, EVER, {EAGAIN, ENOBUFS}},
    {FAULT_write, CLIENT, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_write, CLIENT, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_writev, CLIENT, GONE, GONE, EVER, {EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EIO}},
    {FAULT_writev, CLIENT, NOTHING, NOTHING, EVER, {EAGAIN, ENOBUFS}}, /* write() does it */
    {FAULT_writev, CLIENT, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_writev, CLIENT, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_uv_try_write, CLIENT, GONE, GONE, EVER, {UV_EPIPE, UV_ECONNRESET, UV_EBADF}},
    {FAULT_uv_try_write, CLIENT, NOTHING, NOTHING, EVER, {UV_EAGAIN, FAULT_SHORT}},
    {FAULT_uv_write, CLIENT, GONE, GONE, EVER, {UV_EPIPE, UV_ENOMEM, UV_EBADF}},
    {FAULT_setsockopt, CLIENT, SOFTLY, SOFTLY, EVER, {ENOPROTOOPT, EINVAL, EPERM}},
    {FAULT_getsockopt, CLIENT, GONE, GONE, EVER, {EINVAL, ENOBUFS}},
    {FAULT_poll, CLIENT, NOTHING, NOTHING, EVER, {EINTR, ENOMEM}},
    {FAULT_ioctl, CLIENT, NOTHING, NOTHING, EVER, {EINVAL, ENOTTY}},
    {FAULT_uv_fileno, CLIENT, GONE | REFUSES, GONE | REFUSES, EVER, {UV_EBADF}},
    {FAULT_shutdown, CLIENT, GONE, GONE, EVER, {ENOTCONN, EINVAL, ENOBUFS}},
    {FAULT_uv_tcp_close_reset, CLIENT, SOFTLY, SOFTLY, EVER, {UV_EINVAL}},
    {FAULT_close, CLIENT, NOTHING, NOTHING, EVER, {EIO, EINTR}},
    {FAULT_epoll_ctl, CLIENT, NOTHING, NOTHING, EVER, {FAULT_EEXIST}},
    {FAULT_epoll_del, CLIENT, NOTHING, NOTHING, EVER, {ENOENT, ENOMEM}},

    /* the origin is looked up and connected */
    {FAULT_uv_getaddrinfo,
     NONE,
     UNREACHABLE | REFUSES,
     UNREACHABLE | REFUSES,
     EVER,
     {UV_ENOMEM, UV_EINVAL}},
    {FAULT_getaddrinfo,
     NONE,
     UNREACHABLE | REFUSES,
     UNREACHABLE | REFUSES,
     EVER,
     {EAI_AGAIN, EAI_MEMORY, EAI_NONAME, EAI_FAIL, EAI_SYSTEM}},
    {FAULT_uv_cancel, NONE, NOTHING, NOTHING, EVER, {UV_EBUSY, UV_EINVAL}},
    {FAULT_uv_tcp_init, NONE, UNREACHABLE | UNHEARD | REFUSES, NEVER, 0, {UV_ENOMEM, UV_EMFILE}},
    {FAULT_uv_pipe_init, NONE, UNREACHABLE | UNHEARD | REFUSES, NEVER, 0, {UV_ENOMEM, UV_EMFILE}},
    {FAULT_uv_tcp_connect,
     NONE,
     UNREACHABLE,
     UNREACHABLE,
     EVER,
     {UV_EMFILE, UV_EADDRNOTAVAIL, UV_EINVAL, UV_ENOMEM}},
    {FAULT_socket,
     ORIGIN,
     UNREACHABLE,
     UNREACHABLE,
     EVER,
     {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES}},
    {FAULT_connect,
     ORIGIN,
     UNREACHABLE,
     UNREACHABLE,
     EVER,
     {ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, ETIMEDOUT, EACCES, EAGAIN, LATE(ECONNREFUSED),
      LATE(ETIMEDOUT), LATE(EHOSTUNREACH)}},
    {FAULT_connect, ORIGIN, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_uv_read_start,
     ORIGIN,
     UNREACHABLE | RESET,
     UNREACHABLE | RESET,
     EVER,
     {UV_ENOTCONN, UV_EINVAL, UV_ENOMEM}},

    /* it is read, written, ended */
    {FAULT_read,
     ORIGIN,
     RESET,
     RESET,
     EVER,
     {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EIO, ENOMEM, ENOBUFS}},
    {FAULT_read, ORIGIN, NOTHING, RESET | TIMEOUT, EVER, {EAGAIN}},
    {FAULT_read, ORIGIN, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_read, ORIGIN, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_write, ORIGIN, RESET, RESET, EVER, {ECONNRESET, ETIMEDOUT}},
    {FAULT_write, ORIGIN, CUT_SHORT | RESET, CUT_SHORT | RESET, EVER, {EPIPE}},
    {FAULT_write, ORIGIN, RESET | TIMEOUT, RESET | TIMEOUT, EVER, {EHOSTUNREACH, EIO}},
    {FAULT_write, ORIGIN, NOTHING, RESET | TIMEOUT, EVER, {EAGAIN, ENOBUFS}},
    {FAULT_write, ORIGIN, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_write, ORIGIN, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_writev, ORIGIN, RESET, RESET, EVER, {ECONNRESET, ETIMEDOUT}},
    {FAULT_writev, ORIGIN, CUT_SHORT | RESET, CUT_SHORT | RESET, EVER, {EPIPE}},
    {FAULT_writev, ORIGIN, RESET | TIMEOUT, RESET | TIMEOUT, EVER, {EHOSTUNREACH, EIO}},
    {FAULT_writev, ORIGIN, NOTHING, NOTHING, EVER, {EAGAIN, ENOBUFS}},
    {FAULT_writev, ORIGIN, NOTHING, NEVER, 0, {EINTR}},
    {FAULT_writev, ORIGIN, NOTHING, NOTHING, EVER, {FAULT_SHORT}},
    {FAULT_uv_try_write, ORIGIN, RESET, RESET, EVER, {UV_ECONNRESET, UV_EBADF}},
    {FAULT_uv_try_write, ORIGIN, CUT_SHORT | RESET, CUT_SHORT | RESET, EVER, {UV_EPIPE}},
    {FAULT_uv_try_write, ORIGIN, NOTHING, NOTHING, EVER, {UV_EAGAIN, FAULT_SHORT}},
    {FAULT_uv_write,
     ORIGIN,
     RESET | TIMEOUT,
     RESET | TIMEOUT,
     EVER,
     {UV_EPIPE, UV_ENOMEM, UV_EBADF}},
    {FAULT_setsockopt, ORIGIN, NOTHING, NOTHING, EVER, {ENOPROTOOPT, EINVAL, EPERM}},
    {FAULT_getsockopt, ORIGIN, RESET, RESET, EVER, {EINVAL, ENOBUFS}},
    {FAULT_recv, ORIGIN, NOTHING, NOTHING, EVER, {ECONNRESET, ENOTCONN, ENOMEM}},
    {FAULT_uv_fileno, ORIGIN, RESET, RESET, EVER, {UV_EBADF}},
    {FAULT_shutdown, ORIGIN, RESET, RESET, EVER, {ENOTCONN, EINVAL, ENOBUFS}},
    {FAULT_close, ORIGIN, NOTHING, NOTHING, EVER, {EIO, EINTR}},
    {FAULT_epoll_ctl, ORIGIN, NOTHING, NOTHING, EVER, {FAULT_EEXIST}},
    {FAULT_epoll_del, ORIGIN, NOTHING, NOTHING, EVER, {ENOENT, ENOMEM}},

    /* the relay listens */
    {FAULT_socket, LISTENER, REFUSES, REFUSES, EVER, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
    {FAULT_setsockopt, LISTENER, REFUSES, REFUSES, EVER, {ENOPROTOOPT, EINVAL, EPERM}},
    {FAULT_bind, LISTENER, REFUSES, REFUSES, EVER, {EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOMEM}},
    {FAULT_listen, LISTENER, REFUSES, REFUSES, EVER, {EADDRINUSE, EOPNOTSUPP}},
    {FAULT_uv_listen, LISTENER, REFUSES, REFUSES, EVER, {UV_EADDRINUSE, UV_ENOMEM}},
    {FAULT_uv_tcp_open, LISTENER, REFUSES, REFUSES, EVER, {UV_EEXIST, UV_EINVAL}},
    {FAULT_uv_pipe_open, LISTENER, REFUSES, REFUSES, EVER, {UV_EEXIST, UV_EINVAL}},
    {FAULT_uv_timer_init, NONE, REFUSES, REFUSES, EVER, {UV_ENOMEM}},
    {FAULT_ioctl, LISTENER, REFUSES, REFUSES, EVER, {EBADF, EINVAL}},
    {FAULT_fcntl, LISTENER, REFUSES, REFUSES, EVER, {EINVAL}},
    {FAULT_lstat, NONE, REFUSES, REFUSES, EVER, {EACCES, ENOENT}},
    {FAULT_unlink, NONE, REFUSES, REFUSES, EVER, {EACCES, EROFS}},
    {FAULT_connect, LISTENER, REFUSES, REFUSES, EVER, {EACCES, EAGAIN, EINTR}},
    {FAULT_getsockname, LISTENER, REFUSES, REFUSES, EVER, {ENOBUFS}},
    {FAULT_uv_tcp_getsockname, LISTENER, REFUSES, REFUSES, EVER, {UV_ENOBUFS}},
    {FAULT_uv_fileno, LISTENER, NOTHING, NOTHING, EVER, {UV_EBADF}},
    {FAULT_close, LISTENER, NOTHING, NOTHING, EVER, {EIO, EINTR}},
    {FAULT_epoll_ctl, LISTENER, NOTHING, NOTHING, EVER, {FAULT_EEXIST}},
    {FAULT_epoll_del, LISTENER, NOTHING, NOTHING, EVER, {ENOENT, ENOMEM}},

    /* time passes */
    {FAULT_uv_timer_start, NONE, LATER, LATER, EVER, {UV_EINVAL}},
    {FAULT_epoll_wait, NONE, NOTHING, NOTHING, ROW, {EINTR}},
};

const size_t kind_count = sizeof kinds / sizeof *kinds;

int code_of(const fault *f) {
  if (f->call == FAULT_getaddrinfo) {
    switch (f->error) {
    case EAI_AGAIN: return UV_EAI_AGAIN;
    case EAI_MEMORY: return UV_EAI_MEMORY;
    case EAI_NONAME: return WEIR_ENOADDRESS;
    case EAI_FAIL: return UV_EAI_FAIL;
    default: return UV_EMFILE;
    }
  }
  if (f->error < 0) return f->error;
  return uv_translate_sys_error(f->error > FAULT_LATE ? f->error - FAULT_LATE : f->error);
}

const char *error_name(int error) {
  static char text[40];
  if (error == FAULT_SHORT) return "one byte";
  if (error == FAULT_EEXIST) return "EEXIST";
  if (error < 0) return snprintf(text, sizeof text, "UV code %d", error), text;
  if (error > FAULT_LATE)
    return snprintf(text, sizeof text, "late %s", strerrorname_np(error - FAULT_LATE)), text;
  return strerrorname_np(error);
}
