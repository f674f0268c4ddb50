/* Gathers slices, closes the chunk they form, writes them. */
#include "relay/sender.h"

#include "weir/err.h"

enum {
  ROOM = 4,              /* slots kept for what ends a batch: CRLF, last chunk, trailers, CRLF */
  TEXT_KEPT = 16 * 1024, /* a larger text buffer is given back after use */
};

void weir__sender_init(weir__sender *sender, weir__batch *batch, uint32_t early_max) {
  *sender = (weir__sender){.batch = batch, .early_max = early_max};
}

/* ---- bytes before there is a connection ---- */

static size_t early_len(const weir__sender *sender) {
  return sender->early ? sender->early->len : 0;
}

bool weir__sender_overfull(const weir__sender *sender) {
  return early_len(sender) > sender->early_max;
}

static void drop_early(weir__sender *sender) {
  if (!sender->early) return;
  weir__mem *mem = sender->early->mem;
  weir__buf_free(sender->early);
  weir__mem_free(mem, sender->early);
  sender->early = NULL;
}

static int keep_early(weir__sender *sender, const weir__slice *slices, size_t count) {
  weir__mem *mem = sender->batch->text.mem;
  if (!sender->early && !(sender->early = weir__mem_new(mem, sizeof *sender->early)))
    return WEIR_ENOMEM;
  sender->early->mem = mem;
  for (size_t i = 0; i < count; i++) {
    int rc = weir__buf_append(sender->early, slices[i]);
    if (rc) return rc;
  }
  return weir__sender_overfull(sender) ? WEIR__FULL : 0;
}

/* ---- the batch ---- */

static void clear(weir__batch *batch) {
  batch->owner = NULL;
  batch->count = batch->chunk = batch->chunk_len = 0;
  batch->text.len = 0;
  if (batch->text.cap > TEXT_KEPT) weir__buf_free(&batch->text);
}

void weir__sender_drop(weir__sender *sender) {
  if (sender->batch->owner == sender) clear(sender->batch);
  drop_early(sender);
  sender->sent = 0;
  sender->carried = 0;
  sender->ended = false;
}

/* ---- gathering ---- */

static void push(weir__batch *batch, const char *ptr, size_t len) {
  batch->slices[batch->count++] = weir__slice_of(ptr, len);
}

static void push_static(weir__batch *batch, const char *text) { push(batch, text, strlen(text)); }

/* Makes the batch ours, with room for one more piece. */
static int claim(weir__sender *sender) {
  weir__batch *batch = sender->batch;
  weir__sender *other = batch->owner;
  if (other && (other != sender || batch->count + ROOM + 2 > WEIR__BATCH_MAX)) {
    int rc = weir__sender_flush(other);
    if (rc < 0 && other == sender) return rc;
    other->carried = rc;
  }
  batch->owner = sender;
  return 0;
}

/* Around `piece`, in the bytes that were read, stands just what we would write around it. */
static bool is_framed(weir__slice read, weir__slice line, weir__slice piece, weir__slice behind) {
  uintptr_t begin = (uintptr_t)read.ptr, end = begin + read.len, at = (uintptr_t)piece.ptr;
  if (at < begin || at >= end || at - begin < line.len) return false;
  if (end - at < piece.len + behind.len) return false;
  return memcmp(piece.ptr - line.len, line.ptr, line.len) == 0 &&
         memcmp(piece.ptr + piece.len, behind.ptr, behind.len) == 0;
}

/* The size line could not be known before the last piece of the batch. Most chunks of a stream come
 * framed as they leave: then one vector says it all, and the kernel has a third of the work. */
static void close_chunk(weir__batch *batch, const char *text) {
  weir__slice behind = weir__slice_str(text);
  weir__slice line = weir__chunk_line(batch->line, batch->chunk_len);
  weir__slice *at = &batch->slices[batch->chunk - 1], *piece = at + 1;
  bool alone = batch->count == batch->chunk + 1;
  batch->chunk = batch->chunk_len = 0;
  if (alone && is_framed(batch->read, line, *piece, behind)) {
    *at = weir__slice_of(piece->ptr - line.len, line.len + piece->len + behind.len);
    batch->count--;
  } else {
    *at = line;
    push(batch, behind.ptr, behind.len);
  }
}

/* A batch has room for one size line, so the message before has to leave first. */
static void begin_anew(weir__sender *sender) {
  if (!sender->ended) return;
  sender->ended = false;
  sender->carried = weir__sender_flush(sender);
}

static int put_head(weir__sender *sender, const weir_head *head, const weir__h1_extra *extra) {
  weir__batch *batch = sender->batch;
  begin_anew(sender);
  int rc = claim(sender);
  size_t before = batch->text.len;
  if (rc == 0) rc = weir__h1_write_head(&batch->text, head, extra);
  if (rc == 0) push(batch, NULL, batch->text.len - before);
  return rc;
}

int weir__sender_interim(weir__sender *sender, const weir_head *head, const weir__h1_extra *extra) {
  return put_head(sender, head, extra);
}

int weir__sender_head(weir__sender *sender, const weir_head *head, const weir__h1_extra *extra,
                      weir__body body) {
  int rc = put_head(sender, head, extra);
  if (rc == 0) sender->body = body;
  return rc;
}

/* Room for one more piece of `len` bytes, in the chunk that is open or in a new one. */
static int open_piece(weir__sender *sender, size_t len) {
  int rc = weir__body_add(&sender->body, len);
  if (rc == 0) rc = claim(sender);
  if (rc) return rc;
  weir__batch *batch = sender->batch;
  if (sender->body.framing != WEIR__FRAMING_CHUNKED) return 0;
  if (!batch->chunk) push(batch, NULL, 0), batch->chunk = batch->count;
  batch->chunk_len += len;
  return 0;
}

/* The last piece of the batch; never a size line, which has no length yet. */
static weir__slice *last_piece(weir__batch *batch) {
  weir__slice *last = batch->count ? &batch->slices[batch->count - 1] : NULL;
  return last && last->len ? last : NULL;
}

/* What passes a read event by event gives spans that stand side by side: they are one piece, and no
 * reason to make room. */
static bool lengthens_last(const weir__sender *sender, weir__slice span) {
  if (sender->batch->owner != sender) return false;
  const weir__slice *last = last_piece(sender->batch);
  return last && last->ptr && last->ptr + last->len == span.ptr;
}

static int lengthen_last(weir__sender *sender, size_t len) {
  weir__batch *batch = sender->batch;
  int rc = weir__body_add(&sender->body, len);
  if (rc) return rc;
  last_piece(batch)->len += len;
  if (batch->chunk) batch->chunk_len += len;
  return 0;
}

int weir__sender_body(weir__sender *sender, weir__slice span) {
  if (span.len == 0) return 0;
  if (lengthens_last(sender, span)) return lengthen_last(sender, span.len);
  int rc = open_piece(sender, span.len);
  if (rc == 0) push(sender->batch, span.ptr, span.len);
  return rc;
}

/* Memory first: a chunk that was opened must get what its size line says. */
int weir__sender_text(weir__sender *sender, weir__slice text) {
  if (text.len == 0) return 0;
  int rc = claim(sender);
  if (rc == 0 && !weir__buf_room(&sender->batch->text, text.len)) rc = WEIR_ENOMEM;
  if (rc == 0) rc = open_piece(sender, text.len);
  if (rc) return rc;
  weir__buf_append(&sender->batch->text, text);
  push(sender->batch, NULL, text.len);
  return 0;
}

static int put_trailers(weir__batch *batch, const weir_head *trailers) {
  size_t before = batch->text.len;
  int rc = weir__h1_write_trailers(&batch->text, trailers);
  if (rc == 0) push(batch, NULL, batch->text.len - before);
  return rc;
}

int weir__sender_end(weir__sender *sender, const weir_head *trailers) {
  if (!weir__body_complete(&sender->body)) return WEIR_ETRUNCATED;
  sender->ended = true;
  if (sender->body.framing != WEIR__FRAMING_CHUNKED) return 0;
  int rc = claim(sender);
  if (rc) return rc;
  weir__batch *batch = sender->batch;
  bool bare = !trailers || !trailers->first;
  if (batch->chunk)
    close_chunk(batch, bare ? "\r\n0\r\n\r\n" : "\r\n0\r\n");
  else
    push_static(batch, bare ? "0\r\n\r\n" : "0\r\n");
  return bare ? 0 : put_trailers(batch, trailers);
}

/* ---- leaving ---- */

/* Text was appended in the order of its slices; now that it moves no more they can point into
 * it. */
static void point_into_text(weir__batch *batch) {
  size_t at = 0;
  for (size_t i = 0; i < batch->count; i++) {
    if (batch->slices[i].ptr) continue;
    batch->slices[i].ptr = batch->text.ptr + at;
    at += batch->slices[i].len;
  }
}

static size_t total(const weir__slice *slices, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) n += slices[i].len;
  return n;
}

static int leave(weir__sender *sender, const weir__slice *slices, size_t count) {
  if (!sender->stream) return keep_early(sender, slices, count);
  int rc = weir__stream_writev(sender->stream, slices, count);
  if (rc >= 0) sender->sent += total(slices, count);
  bool again = sender->early_max && sender->sent == 0; /* on another stream */
  if (rc < 0 && rc != WEIR_ENOMEM && again && keep_early(sender, slices, count) < 0)
    return WEIR_ENOMEM;
  return rc;
}

int weir__sender_flush(weir__sender *sender) {
  weir__batch *batch = sender->batch;
  int carried = sender->carried;
  sender->carried = 0;
  if (batch->owner != sender) return carried;
  if (batch->chunk) close_chunk(batch, "\r\n");
  point_into_text(batch);
  int rc = batch->count ? leave(sender, batch->slices, batch->count) : 0;
  clear(batch);
  return carried < 0 || rc == 0 ? carried : rc;
}

int weir__sender_attach(weir__sender *sender, weir__stream *stream) {
  sender->stream = stream;
  if (early_len(sender) == 0) return 0;
  weir__slice early = weir__buf_slice(sender->early);
  int rc = weir__stream_writev(stream, &early, 1);
  if (rc < 0) return rc;
  sender->sent += early.len;
  drop_early(sender);
  return rc;
}

size_t weir__sender_pending(const weir__sender *sender) {
  return early_len(sender) + (sender->stream ? weir__stream_pending(sender->stream) : 0);
}
