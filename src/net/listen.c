/* Bind, listen, accept. It does not know what is spoken on a connection. Sockets are bound by hand
 * and then given to libuv, which has no SO_REUSEPORT before 1.49 and unlinks the path of a unix
 * socket whoever it belongs to by now. A listener goes in the last close callback of its
 * handles. */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/dns.h"
#include "net/tls.h"
#include "weir/err.h"

static int last_error(void) { return uv_translate_sys_error(errno); }

/* ---- addresses ---- */

static bool parse_port(const char *text, uint16_t *port) {
  unsigned value = 0;
  size_t len = strlen(text);
  if (len < 1 || len > 5) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (unsigned)(*text - '0');
  }
  if (value > UINT16_MAX) return false;
  *port = (uint16_t)value;
  return true;
}

static bool copy_host(char *host, size_t size, const char *from, size_t len) {
  if (len >= size) return false;
  memcpy(host, from, len);
  host[len] = '\0';
  return true;
}

static bool is_host_char(char c) {
  return (unsigned char)c > ' ' && (unsigned char)c < 0x7f && !strchr(":[]/@?#", c);
}

bool weir__listen_parse(const char *address, char *host, size_t size, uint16_t *port) {
  const char *colon = strrchr(address, ':');
  if (!colon || !parse_port(colon + 1, port)) return false;
  size_t len = (size_t)(colon - address);
  if (address[0] == '[') {
    weir__sockaddr literal;
    if (len < 2 || address[len - 1] != ']') return false;
    return copy_host(host, size, address + 1, len - 2) && strchr(host, ':') &&
           weir__dns_literal(&literal, host, 0);
  }
  for (size_t i = 0; i < len; i++) {
    if (!is_host_char(address[i])) return false;
  }
  return copy_host(host, size, address, len);
}

/* ---- bound sockets ---- */

/* A descriptor or an error. */
static int open_socket(int family) {
#ifdef SOCK_CLOEXEC
  int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? last_error() : fd;
#else
  int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return last_error();
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

static int switch_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) ? last_error() : 0;
}

static int prepare(int fd, int family, bool reuse_port) {
  int err = switch_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!err && family == AF_INET6) err = switch_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (err || !reuse_port) return err;
#ifdef SO_REUSEPORT
  return switch_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#else
  return UV_ENOTSUP;
#endif
}

static int bind_tcp(const weir__sockaddr *address, bool reuse_port) {
  int family = address->any.sa_family;
  socklen_t len = family == AF_INET ? sizeof address->in4 : sizeof address->in6;
  int fd = open_socket(family);
  if (fd < 0) return fd;
  int err = prepare(fd, family, reuse_port);
  if (!err && bind(fd, &address->any, len)) err = last_error();
  if (!err) return fd;
  close(fd);
  return err;
}

static bool means_no_ipv6(int err) {
  return err == UV_EAFNOSUPPORT || err == UV_EADDRNOTAVAIL || err == UV_EPROTONOSUPPORT;
}

static int bind_every(uint16_t port, bool reuse_port) {
  weir__sockaddr address;
  (void)weir__dns_literal(&address, "::", port);
  int fd = bind_tcp(&address, reuse_port);
  if (!means_no_ipv6(fd)) return fd;
  (void)weir__dns_literal(&address, "0.0.0.0", port);
  return bind_tcp(&address, reuse_port);
}

static int bind_host(weir__io *io, const char *host, uint16_t port, bool reuse_port) {
  weir__addresses addresses;
  if (!host[0]) return bind_every(port, reuse_port);
  if (weir__dns_literal(&addresses.list[0], host, port)) {
    return bind_tcp(&addresses.list[0], reuse_port);
  }
  int err = weir__dns_now(&addresses, io->loop, host, port);
  return err ? err : bind_tcp(&addresses.list[0], reuse_port);
}

/* ---- unix sockets ---- */

/* True if the path is a socket that nobody answers on. A full backlog (EAGAIN) is an answer. */
static bool is_left_behind(const struct sockaddr_un *address) {
  struct stat file;
  if (lstat(address->sun_path, &file) || !S_ISSOCK(file.st_mode)) return false;
  int fd = open_socket(AF_UNIX);
  if (fd < 0) return false;
  (void)fcntl(fd, F_SETFL, O_NONBLOCK);
  bool refused =
      connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

static int bind_path(weir__listener *l) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const struct sockaddr *any = (const struct sockaddr *)&address;
  if (strlen(l->path) >= sizeof address.sun_path) return UV_ENAMETOOLONG;
  memcpy(address.sun_path, l->path, strlen(l->path));
  int fd = open_socket(AF_UNIX);
  if (fd < 0) return fd;
  int err = bind(fd, any, sizeof address) ? last_error() : 0;
  if (err == UV_EADDRINUSE && is_left_behind(&address) && unlink(l->path) == 0) {
    err = bind(fd, any, sizeof address) ? last_error() : 0;
  }
  struct stat file;
  if (!err && lstat(l->path, &file)) err = last_error();
  if (err) {
    close(fd);
    return err;
  }
  l->device = file.st_dev;
  l->inode = file.st_ino;
  return fd;
}

/* The inode tells our file from that of a successor, which has unlinked ours and bound its own. */
static void unlink_path(const weir__listener *l) {
  struct stat file;
  if (!l->path || !l->inode || lstat(l->path, &file)) return;
  if (file.st_dev == l->device && file.st_ino == l->inode) unlink(l->path);
}

/* ---- the end ---- */

static void free_memory(weir__listener *l) {
  weir__mem *mem = l->io->mem;
  weir_tls_free(l->tls);
  weir__mem_free(mem, l->path);
  weir__mem_free(mem, l);
}

static void finish(weir__listener *l) {
  weir__io *io = l->io;
  weir__list_remove(&l->node);
  if (l->on_closed) l->on_closed(l->owner);
  free_memory(l);
  weir__io_drop(io);
}

static void on_closed(uv_handle_t *handle) {
  weir__listener *l = handle->data;
  l->handle.any.data = NULL; /* closed: only the spare one may be left */
  if (!l->dropping) finish(l);
}

void weir__listener_close(weir__listener *l, void (*closed)(void *owner)) {
  if (l->closing) return;
  l->closing = true;
  l->on_closed = closed;
  unlink_path(l);
  if (l->reserve >= 0) close(l->reserve);
  uv_close(&l->handle.any, on_closed);
}

/* ---- accepting ---- */

static void take(weir__listener *l);

static void on_dropped(uv_handle_t *handle) {
  weir__listener *l = handle->data;
  l->dropping = false;
  if (l->handle.any.data == NULL) {
    finish(l);
  } else if (l->waiting && !l->closing) {
    l->waiting = false;
    take(l);
  }
}

static int init_handle(weir__listener *l, weir__listen_handle *handle) {
  int err = l->path ? uv_pipe_init(l->io->loop, &handle->pipe, 0)
                    : uv_tcp_init(l->io->loop, &handle->tcp);
  handle->any.data = l;
  return err;
}

/* A connection must not stay where it is: libuv stops listening until it is taken. */
static void drop(weir__listener *l, int status) {
  l->waiting = l->dropping;
  if (l->dropping || init_handle(l, &l->spare)) return;
  l->dropping = true;
  (void)uv_accept(&l->handle.stream, &l->spare.stream);
  uv_close(&l->spare.any, on_dropped);
  l->on_accept(l->owner, l, status, NULL);
}

static void take(weir__listener *l) {
  weir__stream_uv *stream;
  int err = weir__stream_uv_new(&stream, l->io, l->path ? UV_NAMED_PIPE : UV_TCP);
  if (err) {
    drop(l, err);
    return;
  }
  err = uv_accept(&l->handle.stream, weir__stream_uv_handle(stream));
  if (err) weir__stream_close(weir__stream_uv_base(stream));
  if (!err && l->tunes) weir__stream_uv_tune(stream, &l->tuning);
  l->on_accept(l->owner, l, err, err ? NULL : stream);
}

/* libuv before 1.46 accepts again at once when it was told that there are no descriptors, and so
 * for ever: Linux says so even if nobody waits. libuv's own spare descriptor prevents that until
 * another thread has snatched it away. Ours stays closed, so that libuv's next accept() comes to
 * its end. */
static void shed(weir__listener *l) {
  uv_os_fd_t listening;
  if (l->reserve < 0 || uv_fileno(&l->handle.any, &listening)) return;
  close(l->reserve);
  l->reserve = -1;
  for (int fd; (fd = accept(listening, NULL, NULL)) >= 0;) close(fd);
}

static void on_connection(uv_stream_t *handle, int status) {
  weir__listener *l = handle->data;
  if (status == 0) {
    if (l->reserve < 0) l->reserve = open_socket(AF_UNIX);
    take(l);
    return;
  }
  if (status == UV_EMFILE || status == UV_ENFILE) shed(l);
  l->on_accept(l->owner, l, status, NULL);
}

/* ---- the beginning ---- */

static int read_port(weir__listener *l) {
  struct sockaddr_storage name;
  int len = sizeof name;
  int err = uv_tcp_getsockname(&l->handle.tcp, (struct sockaddr *)&name, &len);
  if (err) return err;
  l->port = ntohs(name.ss_family == AF_INET ? ((const struct sockaddr_in *)&name)->sin_port
                                            : ((const struct sockaddr_in6 *)&name)->sin6_port);
  return 0;
}

void weir__listener_tune(weir__listener *l, const weir__tcp_options *options) {
  uv_os_fd_t fd;
  if (l->path || uv_fileno(&l->handle.any, &fd)) return;
  l->tuning = *options;
  l->tunes = !weir__tcp_inherits();
  if (!l->tunes) weir__tcp_tune(fd, options);
}

void weir__listener_secure(weir__listener *l, weir_tls *tls) {
  weir__tls_hold(tls);
  l->tls = tls;
}

/* A bound socket for `address`, or an error. */
static int bind_address(weir__listener *l, const char *address, bool reuse_port) {
  static const char unix_prefix[] = "unix:";
  char host[256];
  uint16_t port;
  if (strncmp(address, unix_prefix, strlen(unix_prefix)) != 0) {
    if (!weir__listen_parse(address, host, sizeof host, &port)) return WEIR_EADDRESS;
    return bind_host(l->io, host, port, reuse_port);
  }
  const char *path = address + strlen(unix_prefix);
  if (path[0] != '/') return WEIR_EADDRESS;
  l->path = weir__mem_copy(l->io->mem, weir__slice_str(path));
  return l->path ? bind_path(l) : WEIR_ENOMEM;
}

/* Gives the socket to the handle and listens. Closes it on failure, the handle is the caller's. */
static int start(weir__listener *l, int fd, int backlog) {
  int err = l->path ? uv_pipe_open(&l->handle.pipe, fd) : uv_tcp_open(&l->handle.tcp, fd);
  if (err) {
    close(fd);
    return err;
  }
  err = uv_listen(&l->handle.stream, backlog, on_connection);
  if (!err && !l->path) err = read_port(l);
  return err;
}

int weir__listen(weir__listener **listener, weir__io *io, const char *address, int backlog,
                 bool reuse_port, weir__accept_fn on_accept, void *owner) {
  weir__listener *l = weir__mem_new(io->mem, sizeof *l);
  if (!l) return WEIR_ENOMEM;
  weir__list_init(&l->node);
  l->io = io;
  l->on_accept = on_accept;
  l->owner = owner;
  l->reserve = -1;
  int fd = bind_address(l, address, reuse_port);
  int err = fd < 0 ? fd : init_handle(l, &l->handle);
  if (err) {
    unlink_path(l);
    if (fd >= 0) close(fd);
    free_memory(l);
    return err;
  }
  weir__io_hold(io);
  err = start(l, fd, backlog);
  if (err) {
    weir__listener_close(l, NULL);
    return err;
  }
  l->reserve = open_socket(AF_UNIX);
  *listener = l;
  return 0;
}
