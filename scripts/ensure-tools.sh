#!/bin/sh
# What the tests drive besides Node: OpenSSH's server, PostgreSQL, a Docker engine, several shells. On Debian as root they
# are installed, saying so; elsewhere this names them. Schemathesis comes from PyPI, into node_modules.
set -eu
cd "$(dirname "$0")/.."

schemathesis=4.32.5

# Each line: a file or program that proves the package is there, then the Debian package.
wanted='
/usr/sbin/sshd openssh-server
ssh openssh-client
/usr/lib/postgresql postgresql
dockerd docker.io
docker-registry docker-registry
docker-compose docker-compose
busybox busybox-static
python3 python3
sudo sudo
fish fish
tcsh tcsh
'

main() {
  ensure_packages
  ensure_schemathesis
}

ensure_packages() {
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "ensure-tools: installing with apt-get:$missing" >&2
    install_packages "$missing"
  else
    echo "ensure-tools: the tests need these, please install them:$missing (names are Debian's)" >&2
    exit 1
  fi
}

missing_packages() {
  echo "$wanted" | while read -r proof package; do
    [ -n "$proof" ] || continue
    is_there "$proof" || printf ' %s' "$package"
  done
  # Debian's Python makes no environments without it.
  python3 -c 'import ensurepip' 2>/dev/null || printf ' python3-venv'
}

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
  esac
}

install_packages() {
  log=$(mktemp)
  do_not_start_services
  # The machine's lists of packages may be old, or not there at all: fetched only when it does not go without.
  # shellcheck disable=SC2086 # the names are words
  if ! { apt_install $1 || { apt-get update && apt_install $1; }; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "ensure-tools: apt-get failed; all it said is in $log" >&2
    exit 1
  fi
  rm -f "$log"
}

# The tests start their own servers, on their own ports.
do_not_start_services() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  trap 'exit 1' INT TERM
}

# In an environment of its own. The program itself is the last thing that pip puts there.
ensure_schemathesis() {
  place=node_modules/.cache/schemathesis-$schemathesis
  [ ! -x "$place/bin/schemathesis" ] || return 0
  echo "ensure-tools: installing schemathesis $schemathesis from PyPI into $place" >&2
  log=$(mktemp)
  rm -rf "$place"
  if ! { python3 -m venv "$place" && "$place/bin/python" -m pip install "schemathesis==$schemathesis"; } >"$log" 2>&1; then
    rm -rf "$place"
    tail -n 20 "$log" >&2
    echo "ensure-tools: schemathesis cannot be installed; all that was said is in $log" >&2
    exit 1
  fi
  rm -f "$log"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

main
