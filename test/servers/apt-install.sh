#!/bin/sh
# Installs Debian packages (the arguments) for the tests, as root, without starting or enabling a service they bring:
# the tests start their own servers on free ports, and the machine's 6379 belongs to its owner.
set -e

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  # Debian's own way to say so: 101 is "not allowed".
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=60 "$@" </dev/null
}

# The lists of packages may be missing (a fresh container) or older than what the mirrors hold: only then update.
install "$@" || { apt-get update -q && install "$@"; }

if [ -d /run/systemd/system ]; then
  case " $* " in
    *" redis-server "*) systemctl disable --quiet redis-server || true ;;
  esac
  case " $* " in
    *" rabbitmq-server "*) systemctl disable --quiet rabbitmq-server || true ;;
  esac
fi
