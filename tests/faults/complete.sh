#!/bin/sh
# Every call that leads out of the library can be made to fail, or is named here as one that cannot.
# Usage: sh tests/faults/complete.sh ARCHIVE, the library with its calls renamed
set -eu
cd "${WEIR_SOURCE_DIR:-$(dirname "$0")/../..}/tests/faults"

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT

# Nothing in them can fail, or a failure is the caller's own mistake.
cannot_fail='
  uv_buf_init uv_check_init uv_check_start uv_check_stop uv_close uv_freeaddrinfo uv_hrtime uv_idle_init uv_idle_start
  uv_idle_stop uv_ip4_addr uv_ip6_addr uv_is_closing uv_now uv_read_stop uv_ref uv_stream_get_write_queue_size
  uv_queue_work uv_translate_sys_error uv_unref uv_update_time
  __assert_fail __errno_location abort inet_ntop inet_pton memchr memcmp memcpy memmem memmove memset qsort strcasecmp
  strchr strcmp strcspn strlen strncasecmp strncmp strrchr strspn strstr bcmp
  fclose pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock rewind setvbuf
  gmtime_r htonl htons ntohl ntohs snprintf time vsnprintf'
# Files that cannot be read: tests/unit/net_tls_options_test.c.
files='ferror fopen fread fseek ftell'
# What Mbed TLS says and cannot get: tests/unit/net_tls_*_test.c.
# What weir_options.allocator stands for: tests/relay/failmalloc_test.c.
allocator='free malloc realloc'
# Record buffers of Mbed TLS's kind: tests/unit/net_tls_memory_test.c.
records=calloc

nm -u -P "$1" | awk 'NF > 1 && $2 == "U" { print $1 }' |
  grep -vE '^(weir_|llhttp_|mbedtls_|psa_|_GLOBAL_OFFSET_TABLE_$|_ITM_|__gmon_start__$|__stack_chk_|__(a|ub|t|l|ms)san_|__gcov_|__sanitizer_|__llvm_)' |
  sort -u >"$lists/called"
[ -s "$lists/called" ] || { echo "$1 calls nothing: is it the library?"; exit 1; }

sed 's/^[^ ]* //' calls.syms | sort >"$lists/renamed"
{
  cat "$lists/renamed"
  sed -nE 's/^.*SHOWN [^(]*[ *]([a-z_0-9]+)\(.*/\1/p' fault_system.c
  printf '%s\n' $cannot_fail $allocator $records $files
} | sort -u >"$lists/known"

comm -23 "$lists/called" "$lists/known" | sed 's/$/ is called by the library, and no fault was thought of/' >"$lists/faults"
comm -13 "$lists/called" "$lists/renamed" | sed 's/$/ is renamed in calls.syms, and the library does not call it/' >>"$lists/faults"
[ ! -s "$lists/faults" ] || { cat "$lists/faults"; exit 1; }
