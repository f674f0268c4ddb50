/* The command line: parsing, --help and "did you mean" come from one table. Knows no relay. */
#ifndef RELAY_FLAGS_H
#define RELAY_FLAGS_H

#include "config.h"

enum flags_result {
  FLAGS_RUN,  /* go on */
  FLAGS_DONE, /* --help or --version has been answered */
  FLAGS_WRONG /* something is wrong, and was said */
};

/* Fills `config`, which the caller frees whatever the result. Strings in it are argv's. */
enum flags_result flags_parse(struct config *config, int argc, char **argv);

#endif
