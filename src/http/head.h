/* A message head: start line and an ordered list of fields, in one arena. It does not know where
 * the bytes came from or where they go. Its maker frees it; strings live until then. */
#ifndef WEIR_HTTP_HEAD_H
#define WEIR_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/slice.h"
#include "http/field_names.h"
#include "weir/head.h"

/* How the length of the body is known (RFC 9112, 6.3). */
enum weir__framing {
  WEIR__FRAMING_NONE,    /* no body */
  WEIR__FRAMING_LENGTH,  /* Content-Length */
  WEIR__FRAMING_CHUNKED, /* Transfer-Encoding: chunked */
  WEIR__FRAMING_CLOSE,   /* until the connection closes: responses only */
  WEIR__FRAMING_TUNNEL,  /* no HTTP any more: after 101, after 2xx to CONNECT */
};

/* A field in the list. `pub` is first so that weir_head_next() can hand it out. */
typedef struct weir__field {
  weir_field pub;
  uint32_t name_len, value_len;
  struct weir__field *next;
  uint8_t known; /* enum weir__name */
  bool removed;  /* from the list, but a walk may still stand on it */
} weir__field;

struct weir_head {
  weir__arena arena;
  weir__field *first, *last;
  size_t count;
  weir__names
      names; /* those that ever were among the fields: what is not here need not be sought */
  bool request;
  const char *method, *target; /* request */
  int status;                  /* response */
  const char *reason;
  uint8_t minor; /* of HTTP/1.x */
  /* What the reader found out about the message; weir__head_* below never touch these. */
  enum weir__framing framing;
  uint64_t length;     /* WEIR__FRAMING_LENGTH */
  bool keep_alive;     /* the sender would keep the connection (RFC 9112, 9.3) */
  bool expect;         /* request: Expect: 100-continue */
  bool names_fields;   /* Connection named fields that weir does not know: see http/forward */
  const char *host;    /* request: of Host or of an absolute target; "" if none */
  const char *upgrade; /* the Upgrade value if Connection lists it, else NULL */
};

/* A new empty head, or NULL. Free it with weir__head_free(); NULL is fine there. */
weir_head *weir__head_new(weir__mem *mem, bool request);
void weir__head_free(weir_head *head);
/* What one costs before it needs more, for weir_relay_bytes_max(). */
size_t weir__head_size(void);

/* As the public ones, but for every name: framing and connection fields are weir's to write. The
 * bytes are taken as valid, and copied. WEIR_ENOMEM. */
int weir__head_add(weir_head *head, weir__slice name, weir__slice value);
int weir__head_set(weir_head *head, weir__slice name, weir__slice value);
void weir__head_remove(weir_head *head, weir__slice name);
const weir__field *weir__head_search(const weir_head *head, weir__slice name);

/* Appends a field whose strings already lie in the head's arena, or are static. */
int weir__head_link(weir_head *head, weir__slice name, weir__slice value);
/* The one field of that name is this one, whose value already lies in the arena or is static. */
int weir__head_put(weir_head *head, enum weir__name name, weir__slice value);
/* Takes out every field whose name is in the set. */
void weir__head_drop(weir_head *head, weir__names names);
/* Takes `field` out of the list; `before` is the one in front of it, or NULL. Its `next` still
 * leads on, so a walk may go on from it. */
void weir__head_unlink(weir_head *head, weir__field *before, weir__field *field);

/* The first field of that name, or NULL; the next one behind `field`, or NULL. */
const weir__field *weir__head_find(const weir_head *head, enum weir__name name);
const weir__field *weir__head_find_next(const weir__field *field);

static inline weir__slice weir__field_name(const weir__field *field) {
  return weir__slice_of(field->pub.name, field->name_len);
}

static inline weir__slice weir__field_value(const weir__field *field) {
  return weir__slice_of(field->pub.value, field->value_len);
}

/* True if one of the comma-separated elements of any field of that name is `token` (any case). */
bool weir__head_lists(const weir_head *head, enum weir__name name, const char *token);

/* True if the media type of Content-Type is `type` (any case, any parameters). */
bool weir__head_media_is(const weir_head *head, const char *type);

/* The path of an origin-form target is all before `?`. */
weir__slice weir__target_path(const char *target);

/* The usual reason phrase of a status, or "". */
const char *weir__reason(int status);

#endif
