#!/usr/bin/env bash
# Installs what the machine lacks, where it may: need.sh THING:DEBIAN-PACKAGE…
#
# THING is a program that must be on the PATH, or a header that the C compiler must find when it ends in ".h". With apt and
# the right to use it (root, or sudo without a password) the package is installed; otherwise one line says what to install.
# Exits with 1 when something is still missing.
set -uo pipefail

have() {
  case $1 in
    *.h) printf '#include <%s>\n' "$1" | ${CC:-cc} -E -x c - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null ;; # Debian keeps those off the PATH
  esac
}

missing=()
for want in "$@"; do
  have "${want%%:*}" || missing+=("${want##*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo -n)
if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
  echo "installing ${missing[*]}" >&2
  log=$(mktemp)
  if "${sudo[@]}" apt-get update -qq >"$log" 2>&1 && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 5 "$log" >&2
  fi
fi
for want in "$@"; do
  if ! have "${want%%:*}"; then
    echo "missing: ${want%%:*}. Install it and try again (Debian and Ubuntu: sudo apt-get install ${want##*:}; macOS: brew install ${want##*:})" >&2
    failed=1
  fi
done
exit ${failed:-0}
