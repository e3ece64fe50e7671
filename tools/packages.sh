# shellcheck shell=bash
# The Debian 12 packages that watchbill is built and tested with, and how ./run and ./check get them. Sourced, never executed.

# Building both programs.
# shellcheck disable=SC2034
build_packages=(
  g++ cmake ninja-build ccache mold pkg-config
  libboost1.81-dev libsqlite3-dev libre2-dev libyaml-dev libssl-dev libsodium-dev libfmt-dev libexpected-dev libcli11-dev zlib1g-dev libzstd-dev libsystemd-dev
  libprotozero-dev libsnappy-dev libc-ares-dev
  ca-certificates tzdata
)
# The quickstart and the demo: a real web server, and the language of the demo's script.
# shellcheck disable=SC2034
quickstart_packages=(nginx-light python3 procps)
# Testing, with a second compiler, sanitizers and fuzzing; a mail server that others wrote.
# shellcheck disable=SC2034
test_packages=(clang-14 libclang-rt-14-dev lld libgtest-dev librapidcheck-dev util-linux systemd python3-aiosmtpd)

# Programs that tests compare with. Unpacked and never installed: a Prometheus that is installed runs as a service.
# shellcheck disable=SC2034
peer_packages=(prometheus prometheus-pushgateway prometheus-alertmanager)

# unpack_peers FOLDER NAME…: each package below FOLDER/NAME, as apt finds it; nothing when it is there already (no network either).
# Needs neither root nor what depends on the package. Fails with a sentence on standard error.
unpack_peers() {
  local folder=$1 name
  shift
  for name in "$@"; do
    [ ! -d "$folder/$name" ] || continue
    unpack_peer "$folder" "$name" || { rm -rf "${folder:?}/$name.new"; return 1; }
  done
}

unpack_peer() { # FOLDER NAME
  local fresh="$1/$2.new" apt=(apt-get -qq -o Acquire::http::Timeout=30)
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
    echo "this is not Debian" >&2
    return 1
  fi
  rm -rf "$fresh" && mkdir -p "$fresh/files" "$fresh/lists/partial" "$fresh/cache" || return 1
  # apt's sandbox user may not write into a checkout.
  [ "$(id -u)" -ne 0 ] || apt+=(-o APT::Sandbox::User=root)
  if ! (cd "$fresh" && "${apt[@]}" download "$2") >"$fresh/said" 2>&1; then
    # No lists, or old ones: lists of our own, which need no root and change nothing on this machine.
    apt+=(-o "Dir::State::Lists=$(realpath "$fresh")/lists" -o "Dir::Cache=$(realpath "$fresh")/cache")
    if ! (cd "$fresh" && "${apt[@]}" update && "${apt[@]}" download "$2") >>"$fresh/said" 2>&1; then
      echo "apt-get could not download $2: $(grep -m 1 '^E:' "$fresh/said")" >&2
      return 1
    fi
  fi
  dpkg-deb -x "$fresh/$2"_*.deb "$fresh/files" >&2 && mv "$fresh/files" "$1/$2" && rm -rf "$fresh"
}

# missing_packages NAME…: prints those that are not installed, one on a line. One query for all: ./run asks each time.
missing_packages() {
  # dpkg-query fails when it knows one of them not at all, and still lists the others.
  dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
    awk -v wanted="$*" '$2 == "installed" { here[$1] = 1 }
      END { count = split(wanted, names, " "); for (i = 1; i <= count; ++i) if (!(names[i] in here)) print names[i] }'
}

# install_packages NAME…: installs what is missing, as root or through sudo; does nothing (no network either) when nothing is.
# Fails with a sentence on standard error; the packages' own output goes to standard error too.
install_packages() {
  local missing as_root=()
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "note: this is not Debian; going on with what is installed. Needed: $*" >&2
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      printf 'error: packages are missing, and neither root nor sudo is at hand. As root, run:\n  apt-get install -y --no-install-recommends %s\n' \
        "${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
  # A web server that is installed to be supervised must not start by itself: it would take port 80.
  local policy=/usr/sbin/policy-rc.d is_ours=no code=0
  if [ ! -e "$policy" ] && "${as_root[@]}" sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"; then is_ours=yes; fi
  "${as_root[@]}" apt-get update -qq >&2 || echo "note: apt-get update failed; trying with the lists that are there" >&2
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2; then
    echo "error: apt-get could not install: ${missing[*]}" >&2
    code=1
  fi
  [ "$is_ours" = no ] || "${as_root[@]}" rm -f "$policy"
  return "$code"
}
