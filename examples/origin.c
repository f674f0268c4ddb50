/* weir-origin: a small streaming HTTP/1.1 origin for demos, tests and benchmarks; `--help` lists
 * what it answers. This file reads the flags, listens, and ends on a signal.
 * It never knows weir; nor does any other origin_*.c: they use libuv and llhttp alone.
 * main() owns the loop, the listener and the signal handles; connections own themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "origin_conn.h"

#define BACKLOG 4096 /* a benchmark opens thousands of connections at once */

static const char help[] =
    "weir-origin: a small streaming HTTP/1.1 origin for demos, tests and benchmarks\n"
    "\n"
    "  weir-origin [--listen HOST:PORT | --listen unix:/PATH] [--help]\n"
    "\n"
    "  --listen   where to listen: 127.0.0.1:9000 by default; port 0 takes a free one\n"
    "\n"
    "Paths; n (how many), interval_ms (between two) and size (of each, in bytes) go in the query:\n"
    "  POST /v1/chat/completions  OpenAI's API, \"stream\": true or false; n=16 interval_ms=50\n"
    "  GET  /sse                  server-sent events; n=16 interval_ms=50 size; n=0: endless\n"
    "  GET  /text                 words as text/plain, X-Session-ID; n=16 interval_ms=50 size\n"
    "  GET  /ndjson               lines of JSON; n=16 interval_ms=50 size\n"
    "  GET  /hold                 one event, then silence until the client leaves\n"
    "  GET  /hello                a small answer at once\n"
    "  GET  /bulk                 bytes=1073741824 chunked=0 size=65536; byte i is i modulo 251\n"
    "  POST /echo                 the request's body, while it arrives; PUT too\n"
    "  any  /status/NNN           that status, 200 to 599\n"
    "  GET  /early                103 Early Hints, and after interval_ms=50 a 200\n"
    "  GET  /trailers             words, then a trailer X-Checksum (FNV-1a of the body, 64 bits)\n"
    "  any  /headers              method, target and fields of the request, as JSON\n"
    "  GET  /cut                  dies after n words: how=fin or how=rst, no last chunk\n"
    "  GET  /close                words, ended only by the end of the connection\n"
    "  GET  /ws                   WebSocket handshake, then every byte comes back unchanged\n";

struct server {
  uv_loop_t loop;
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } listener;
  uv_signal_t signals[2];
};

static int fail(const char *where, int rc) {
  const char *why = rc == UV_EINVAL ? "wanted is HOST:PORT or unix:/PATH" : uv_strerror(rc);
  fprintf(stderr, "weir-origin: cannot listen on %s: %s\n", where, why);
  return 2;
}

/* ---- listening ---- */

static void on_connection(uv_stream_t *listener, int status) {
  if (status == 0) conn_accept(listener);
}

static bool is_port(const char *s) {
  size_t digits = strspn(s, "0123456789");
  return digits > 0 && digits < 6 && s[digits] == '\0' && atoi(s) < 65536;
}

/* HOST:PORT or [V6]:PORT; names are looked up once, before anything runs. */
static int resolve(uv_loop_t *loop, const char *where, struct sockaddr_storage *address) {
  char host[256];
  const char *colon = strrchr(where, ':');
  size_t length = colon != NULL ? (size_t)(colon - where) : 0;
  bool brackets = length > 2 && where[0] == '[' && colon[-1] == ']';
  if (length == 0 || length >= sizeof host || !is_port(colon + 1)) return UV_EINVAL;
  snprintf(host, sizeof host, "%.*s", (int)length - 2 * brackets, where + brackets);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
  uv_getaddrinfo_t req;
  int rc = uv_getaddrinfo(loop, &req, NULL, host, colon + 1, &hints);
  if (rc != 0) return rc;
  memcpy(address, req.addrinfo->ai_addr, req.addrinfo->ai_addrlen);
  uv_freeaddrinfo(req.addrinfo);
  return 0;
}

static int bind_tcp(struct server *server, const char *where) {
  struct sockaddr_storage address;
  int rc = resolve(&server->loop, where, &address);
  if (rc == 0) rc = uv_tcp_bind(&server->listener.tcp, (struct sockaddr *)&address, 0);
  return rc;
}

/* libuv 1.44 cuts a long path short without a word. */
static int bind_pipe(struct server *server, const char *path) {
  if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path) return UV_ENAMETOOLONG;
  return uv_pipe_bind(&server->listener.pipe, path);
}

static int listen_on(struct server *server, const char *where) {
  const char *path = strncmp(where, "unix:", 5) == 0 ? where + 5 : NULL;
  if (path != NULL)
    uv_pipe_init(&server->loop, &server->listener.pipe, 0);
  else
    uv_tcp_init(&server->loop, &server->listener.tcp);
  int rc = path != NULL ? bind_pipe(server, path) : bind_tcp(server, where);
  if (rc == 0) rc = uv_listen(&server->listener.stream, BACKLOG, on_connection);
  return rc;
}

/* Scripts wait for this line, so it must not sit in a buffer. */
static void announce(struct server *server, const char *where) {
  char host[64];
  struct sockaddr_storage address;
  int length = sizeof address;
  if (server->listener.handle.type == UV_NAMED_PIPE) {
    printf("listening on %s\n", where);
  } else {
    uv_tcp_getsockname(&server->listener.tcp, (struct sockaddr *)&address, &length);
    uv_ip_name((struct sockaddr *)&address, host, sizeof host);
    bool v6 = address.ss_family == AF_INET6;
    in_port_t port = v6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                        : ((struct sockaddr_in *)&address)->sin_port;
    printf("listening on http://%s%s%s:%d\n", v6 ? "[" : "", host, v6 ? "]" : "", ntohs(port));
  }
  fflush(stdout);
}

/* ---- the end ---- */

/* Every timer belongs to a connection, and every connection has one. */
static void close_one(uv_handle_t *handle, void *unused) {
  (void)unused;
  if (handle->type == UV_TIMER) conn_close(container_of(handle, conn, timer));
}

static void close_all(struct server *server) {
  uv_walk(&server->loop, close_one, NULL);
  for (int i = 0; i < 2; i++) {
    uv_handle_t *handle = (uv_handle_t *)&server->signals[i];
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
  }
  if (!uv_is_closing(&server->listener.handle)) uv_close(&server->listener.handle, NULL);
}

static void on_signal(uv_signal_t *signal, int number) {
  (void)number;
  close_all(container_of(signal->loop, struct server, loop));
}

static void watch_signals(struct server *server) {
  static const int numbers[] = {SIGINT, SIGTERM};
  for (int i = 0; i < 2; i++) {
    uv_signal_init(&server->loop, &server->signals[i]);
    uv_signal_start(&server->signals[i], on_signal, numbers[i]);
  }
}

/* ---- the start ---- */

/* NULL: the flags are wrong, and stderr says how. */
static const char *parse_flags(int argc, char **argv) {
  const char *where = "127.0.0.1:9000";
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(help, stdout);
      exit(0);
    }
    bool listen = strcmp(argv[i], "--listen") == 0;
    if (!listen || i + 1 == argc) {
      fprintf(stderr, "weir-origin: %s %s; try --help\n",
              listen ? "no address after" : "unknown flag", argv[i]);
      return NULL;
    }
    where = argv[++i];
  }
  return where;
}

/* A connection is a descriptor, and the usual soft limit is 1024. */
static void allow_many_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  static struct server server;
  const char *where = parse_flags(argc, argv);
  if (where == NULL) return 2;
  signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
  allow_many_descriptors();
  uv_loop_init(&server.loop);
  watch_signals(&server);
  int rc = listen_on(&server, where);
  if (rc == 0)
    announce(&server, where);
  else
    close_all(&server);
  uv_run(&server.loop, UV_RUN_DEFAULT);
  uv_loop_close(&server.loop);
  return rc == 0 ? 0 : fail(where, rc);
}
