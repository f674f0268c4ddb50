# Finds what weir stands on, as the imported targets weir::libuv, weir::llhttp and weir::MbedTLS. The build and the
# installed package share this file, so that both ask for the same versions. What is missing is told in WEIR_MISSING, as
# one sentence.

# A CMake package need not tell its version (llhttp's does not): its header does.
function(weir__version_of target header prefix out)
  get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
  find_file(WEIR__HEADER ${header} PATHS ${folders} NO_DEFAULT_PATH NO_CACHE)
  set(${out} "of unknown version" PARENT_SCOPE)
  if(WEIR__HEADER)
    file(STRINGS ${WEIR__HEADER} lines REGEX "define ${prefix}_(MAJOR|MINOR) +[0-9]+")
    list(TRANSFORM lines REPLACE "^.* ([0-9]+).*$" "\\1")
    list(JOIN lines . version)
    set(${out} ${version} PARENT_SCOPE)
  endif()
endfunction()

function(weir__found name)
  add_library(weir::${name} INTERFACE IMPORTED)
  target_link_libraries(weir::${name} INTERFACE ${ARGN})
endfunction()

function(weir__find name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODULE;VERSION;BELOW;DEBIAN;HEADER;MACRO" "TARGETS;PARTS")
  if(WEIR_MISSING OR TARGET weir::${name})
    return()
  endif()

  set(found "none")
  set(wanted "${arg_MODULE}>=${arg_VERSION}")
  set(range ">= ${arg_VERSION}")
  if(arg_BELOW)
    list(APPEND wanted "${arg_MODULE}<${arg_BELOW}")
    string(APPEND range " and < ${arg_BELOW}")
  else()
    set(arg_BELOW 1000)
  endif()
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(WEIR_${name} QUIET IMPORTED_TARGET ${wanted} ${arg_PARTS})
    if(WEIR_${name}_FOUND)
      weir__found(${name} PkgConfig::WEIR_${name})
      return()
    endif()
    pkg_check_modules(WEIR_OLD_${name} QUIET ${arg_MODULE})
    if(WEIR_OLD_${name}_FOUND)
      set(found ${WEIR_OLD_${name}_VERSION})
      unset(WEIR_OLD_${name}_FOUND CACHE) # or a later run would not look again
    endif()
  endif()

  find_package(${name} CONFIG QUIET)
  foreach(target IN LISTS arg_TARGETS)
    if(TARGET ${target})
      weir__version_of(${target} ${arg_HEADER} ${arg_MACRO} found)
      if(found VERSION_GREATER_EQUAL arg_VERSION AND found VERSION_LESS arg_BELOW)
        weir__found(${name} ${target})
        return()
      endif()
    endif()
  endforeach()

  set(WEIR_MISSING "weir needs ${name} ${range} and found ${found}: ${WEIR_HOW_TO_GET}install ${arg_DEBIAN}."
    PARENT_SCOPE)
endfunction()

macro(weir_find_libuv)
  weir__find(libuv MODULE libuv VERSION 1.44 DEBIAN "libuv1-dev and pkg-config"
    TARGETS libuv::uv libuv::uv_a HEADER uv/version.h MACRO UV_VERSION)
endmacro()

macro(weir_find_llhttp)
  weir__find(llhttp MODULE libllhttp VERSION 9.2 DEBIAN "libllhttp-dev"
    TARGETS llhttp::llhttp llhttp::llhttp_shared llhttp::llhttp_static HEADER llhttp.h MACRO LLHTTP_VERSION)
endmacro()

# The whole of it: TLS calls into X.509 and crypto, and so do we.
macro(weir_find_mbedtls)
  weir__find(MbedTLS MODULE mbedtls VERSION 3.6 BELOW 4 DEBIAN "libmbedtls-dev" PARTS mbedx509 mbedcrypto
    TARGETS MbedTLS::mbedtls HEADER mbedtls/build_info.h MACRO MBEDTLS_VERSION)
endmacro()
