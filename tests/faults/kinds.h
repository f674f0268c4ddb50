/* What can fail, and what that may lead to. */
#ifndef WEIR_TEST_KINDS_H
#define WEIR_TEST_KINDS_H

#include "faults/fault.h"

/* What an exchange may end with besides its usual end. NOTHING: it is as if nothing had been. */
enum {
  NOTHING = 0,
  GONE = 1,        /* the client */
  RESET = 2,       /* the origin */
  CUT_SHORT = 256, /* the origin, since nothing but its FIN is known */
  UNREACHABLE = 4, /* the origin */
  TIMEOUT = 8,     /* or a client that is dropped for want of a request */
  UNHEARD = 16,    /* a connection is closed before a request was read */
  REFUSES = 32,    /* the function of weir says so, and nothing has begun */
  SOFTLY = 512,    /* only how the client's connection ends may differ: no reset tells it */
  LATER = 64,      /* only once all goes well again */
  NEVER = 128,     /* not tried */
};

enum { ERRORS_MAX = 10 };

typedef struct kind {
  enum fault_call call;
  enum fault_side side;
  unsigned once, ever;
  size_t times; /* how long "ever" is */
  int errors[ERRORS_MAX];
} kind;

extern const kind kinds[];
extern const size_t kind_count;

/* The code that weir is told when that has failed. */
int code_of(const fault *f);
/* "ECONNRESET", "one byte" .. Static memory. */
const char *error_name(int error);

#endif
