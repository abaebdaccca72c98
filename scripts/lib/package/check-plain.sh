#!/usr/bin/env bash
# check-plain.sh FOLDER : what check-booted.sh does, as far as it goes without systemd: on a copy of this
# machine's root (an overlay in a mount namespace of its own), with the units' user and no more
# privileges than theirs. The upgrade is from the packages of FOLDER/before.
set -euo pipefail
packages=$(realpath "$1")
if [[ ${2-} != inside ]]; then
  exec unshare --mount --propagation private -- bash "$0" "$packages" inside
fi
work=$(mktemp -d -p "$(dirname "$packages")")
mount -t tmpfs tmpfs "$work"
mkdir -p "$work"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
mount -t proc proc "$work/root/proc"
mount --rbind /dev "$work/root/dev"
mount -t tmpfs tmpfs "$work/root/run"
mount -t tmpfs tmpfs "$work/root/tmp"
mkdir "$work/root/tmp/packages"
cp -r "$packages"/. "$work/root/tmp/packages"
cat >"$work/root/tmp/inside" <<'INSIDE'
set -euo pipefail
step() { echo "package-check: $*"; }
running=
start() {
  setpriv --reuid pushmirror --regid pushmirror --init-groups --no-new-privs --bounding-set=-all \
    "$@" >/tmp/log 2>&1 &
  running=$!
}
stop() {
  kill "$running" && wait "$running" || { cat /tmp/log; exit 1; }
}
until_true() {
  for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  cat /tmp/log
  echo "never: $*" && exit 1
}
# node of this machine need not be the distribution's.
dpkg -i --force-depends /tmp/packages/before/*.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
step "installed: $(mirror-agent --version), $(mirror-master --version)"
getent passwd pushmirror >/dev/null

setpriv --reuid pushmirror --regid pushmirror --init-groups mirror-master init /var/lib/pushmirror-master/m --network example --name ftp.example.org >/dev/null
config=/var/lib/pushmirror-master/m/master.toml
port=$(sed -n 's/^port = //p' "$config" | head -1)
start mirror-master serve --config "$config"
until_true mirror-master doctor --config "$config"
step 'mirror-master runs as pushmirror, and doctor finds nothing wrong'
stop
printf 'name = "m.example.org"\nnetwork = "example"\nstate = "/var/lib/pushmirror"\nallowed_signers = "%s"\n[[archive]]\nname = "debian"\nto = "/srv/mirrors/debian"\nmin_free = "1M"\nupstream = "rsync://127.0.0.1:1/debian"\n' /var/lib/pushmirror-master/m/allowed_signers >/etc/pushmirror/mirror-agent.toml
start mirror-agent serve
until_true test -S /var/lib/pushmirror/agent.sock
step 'mirror-agent runs as pushmirror'
stop

dpkg -i --force-depends /tmp/packages/*.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
[[ $(dpkg-query -f '${Version}' -W mirror-agent) == "$(dpkg-deb -f /tmp/packages/mirror-agent_*.deb Version)" ]]
[[ -e /etc/pushmirror/mirror-agent.toml && -e $config ]]
start mirror-master serve --config "$config"
until_true mirror-master doctor --config "$config"
stop
step 'upgraded, and it goes on with what it had'

files=$(dpkg -L mirror-agent mirror-master)
dpkg --purge --force-depends mirror-agent mirror-master >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
for file in $files /etc/pushmirror /var/lib/pushmirror /var/lib/pushmirror-master; do
  case $file in
    *pushmirror* | *mirror-agent* | *mirror-master*)
      [[ ! -e $file ]] || { echo "left behind: $file" && exit 1; }
      ;;
  esac
done
step 'purged, and nothing is left'
INSIDE
status=0
chroot "$work/root" /bin/bash /tmp/inside || status=$?
exit "$status"
