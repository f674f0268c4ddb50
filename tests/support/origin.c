#include "support/origin.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

enum { BACKLOG = 4096 };

static void secure(const origin_server *o, peer *p) {
  peer_secure(p, peer_tls_server());
  if (o->version) CHECK_INT(SSL_set_min_proto_version(p->tls->ssl, o->version), 1);
  if (o->version) CHECK_INT(SSL_set_max_proto_version(p->tls->ssl, o->version), 1);
  peer_greet(p);
}

static void on_connection(uv_stream_t *server, int status) {
  origin_server *o = server->data;
  if (!CHECK_INT(status, 0)) return;
  peer *p = peer_new(o->loop, &o->peers, server->type, "origin", o->count++);
  p->connected = !o->secure;
  CHECK_INT(uv_accept(server, &p->handle.stream), 0);
  peer_hurry(p);
  if (o->narrow) peer_set_narrow(p);
  if (o->secure) secure(o, p);
  if (o->deaf)
    peer_stop(p);
  else
    peer_go(p);
}

static void begin_to_listen(origin_server *o) {
  o->handle.any.data = o;
  o->closed = false;
  CHECK_INT(uv_listen(&o->handle.stream, BACKLOG, on_connection), 0);
}

static void listen_at_port(origin_server *o, int port) {
  struct sockaddr_in at;
  int size = sizeof at;
  uv_ip4_addr("127.0.0.1", port, &at);
  CHECK_INT(uv_tcp_init(&o->loop->uv, &o->handle.tcp), 0);
  CHECK_INT(uv_tcp_bind(&o->handle.tcp, (struct sockaddr *)&at, 0), 0);
  begin_to_listen(o);
  CHECK_INT(uv_tcp_getsockname(&o->handle.tcp, (struct sockaddr *)&at, &size), 0);
  o->port = ntohs(at.sin_port);
}

static void listen_at_path(origin_server *o, const char *path) {
  unlink(path);
  CHECK_INT(uv_pipe_init(&o->loop->uv, &o->handle.pipe, 0), 0);
  CHECK_INT(uv_pipe_bind(&o->handle.pipe, path), 0);
  begin_to_listen(o);
}

void origin_open(origin_server *o, loop *l, const char *path) {
  *o = (origin_server){.loop = l};
  weir__list_init(&o->peers);
  if (path)
    listen_at_path(o, path);
  else
    listen_at_port(o, 0);
}

peer *origin_peer(const origin_server *o, size_t n) {
  const weir__list *node = o->peers.next;
  for (; node != &o->peers && n; n--) node = node->next;
  return node == &o->peers ? NULL : weir__container_of(node, peer, node);
}

static int socket_at(int port, struct sockaddr_in *at) {
  *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return socket(AF_INET, SOCK_STREAM, 0);
}

static void give_port_back(origin_server *o) {
  if (o->keeper) close(o->keeper);
  o->keeper = 0;
}

/* Bound, it is given to nobody who asks for any port; not listening, it refuses. Another process may
 * have been quicker: then there is nothing to keep. */
static void keep_port(origin_server *o) {
  struct sockaddr_in at;
  const int on = 1;
  o->keeper = socket_at(o->port, &at);
  CHECK_INT(setsockopt(o->keeper, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  if (bind(o->keeper, (struct sockaddr *)&at, sizeof at)) give_port_back(o);
}

static void stop(origin_server *o) {
  if (!o->closed) uv_close(&o->handle.any, NULL);
  o->closed = true;
}

void origin_stop(origin_server *o) {
  if (o->closed) return;
  stop(o);
  if (o->port) keep_port(o);
}

void origin_again(origin_server *o) {
  give_port_back(o);
  loop_settle(o->loop); /* libuv must be done with the old handle */
  listen_at_port(o, o->port);
}

void origin_close(origin_server *o) {
  stop(o);
  give_port_back(o);
  peers_close(&o->peers);
}

void origin_free(origin_server *o) { peers_free(&o->peers); }

/* ---- nobody answers ---- */

void black_hole_open(black_hole *b) {
  struct sockaddr_in at;
  socklen_t len = sizeof at;
  b->listener = socket_at(0, &at);
  CHECK_INT(bind(b->listener, (struct sockaddr *)&at, len), 0);
  CHECK_INT(listen(b->listener, 0), 0);
  CHECK_INT(getsockname(b->listener, (struct sockaddr *)&at, &len), 0);
  b->port = ntohs(at.sin_port);
  for (size_t i = 0; i < sizeof b->fillers / sizeof *b->fillers; i++) {
    struct sockaddr_in to;
    b->fillers[i] = socket_at(b->port, &to);
    fcntl(b->fillers[i], F_SETFL, O_NONBLOCK);
    (void)connect(b->fillers[i], (struct sockaddr *)&to, sizeof to);
  }
}

void black_hole_close(black_hole *b) {
  for (size_t i = 0; i < sizeof b->fillers / sizeof *b->fillers; i++) close(b->fillers[i]);
  close(b->listener);
}
