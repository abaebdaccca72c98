# Run by package-check inside a Debian that has booted, with systemd at work and no network but its
# own: the packages as their users meet them. /packages holds them, /packages/before those that they are an
# upgrade of.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
step() { echo "package-check: $*"; }
fail() {
  echo "package-check: FAILED: $*"
  journalctl --no-pager -q -n 40 -u mirror-master -u mirror-agent || true
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
until_true() {
  local ends=$((SECONDS + 60))
  while ((SECONDS < ends)); do "$@" >/tmp/last 2>&1 && return; sleep 0.3; done
  cat /tmp/last
  fail "not within a minute: $*"
}
apt() { apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log && fail "apt-get $*"; }; }
as_pushmirror() { setpriv --reuid pushmirror --regid pushmirror --init-groups "$@"; }
main_pid() { systemctl show -P MainPID "$1"; }
active() { [[ $(systemctl is-active "$1") == active ]]; }
# Every file of the machine, but what a running Debian writes by itself.
all_files() {
  find / -xdev \( -path /packages -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp \
    -o -path /var/log -o -path /var/cache -o -path /var/lib/systemd -o -path /var/tmp \
    -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | LC_ALL=C sort
}
published() { mirror-master publish debian --wait 100% --timeout 60s >/tmp/publish.log 2>&1 || { cat /tmp/publish.log && fail publish; }; }
same() { diff -r --exclude=project /srv/mirrors/debian /srv/mirrors/copy; }

now() { date +%s.%N; }
since() { node -p "($(now) - $1).toFixed(1)"; }
version_of() { dpkg-query -f '${Version}' -W "$1"; }
releases() { mirror-master rollout list --json | sed -n 's/.*"serial": *\([0-9]*\).*/\1/p'; }

all_files >/tmp/before
apt install /packages/*.deb
step "installed by apt on Debian $(cat /etc/debian_version) with its node $(node --version): mirror-agent $(mirror-agent --version), mirror-master $(mirror-master --version)"

# --- what the packages bring
[[ $(getent passwd pushmirror | cut -d: -f6) == /var/lib/pushmirror ]]
[[ $(passwd -S pushmirror | cut -d' ' -f2) == L* ]]
[[ $(stat -c '%U:%G %a' /etc/pushmirror /var/lib/pushmirror /var/lib/pushmirror-master | tr '\n' ' ') == \
  'pushmirror:pushmirror 750 pushmirror:pushmirror 750 pushmirror:pushmirror 700 ' ]]
for name in mirror-agent mirror-master; do
  [[ $(systemctl is-enabled $name) == enabled && $(systemctl is-active $name) == inactive ]]
  [[ $(systemctl show -P ConditionResult $name) == no ]]
  [[ -z $(systemd-analyze verify --man=no $name.service 2>&1) ]]
  score=$(systemd-analyze security --no-pager --threshold=30 $name.service | sed -n 's/.*level for .*: \([0-9.]*\) .*/\1/p')
  step "$name.service: verified, exposure $score of 10 (at most 3.0); it waits for its settings"
  [[ $(find / -xdev -type f -newer /tmp/before -perm /6000 2>/dev/null) == '' ]]
done
[[ -z $(dpkg --verify mirror-agent mirror-master) ]]

# --- the master, as README says; of the packages that there were before
cd /
apt purge mirror-agent mirror-master
apt install /packages/before/*.deb
as_pushmirror mirror-master init /etc/pushmirror --network example --name ftp.example.org >/dev/null
as_pushmirror sh -c 'printf "\n[rsyncd]\naddress = \"127.0.0.1\"\nport = 873\n" >>/etc/pushmirror/master.toml'
systemctl start mirror-master
until_true mirror-master doctor
active mirror-master
as_pushmirror mkdir /srv/mirrors/debian
as_pushmirror sh -c 'echo first > /srv/mirrors/debian/news'
mirror-master archive add debian /srv/mirrors/debian --profile generic >/dev/null
step 'mirror-master runs under systemd as pushmirror; doctor finds nothing wrong'

# --- an agent beside it, pushed by it and pulling from it
as_pushmirror sh -c "ssh-keygen -q -t ed25519 -N '' -f /etc/pushmirror/ssh_host_key"
mirror-master mirror add m.example.org --ssh mirror@127.0.0.1:2222 --host-key /etc/pushmirror/ssh_host_key.pub \
  --archive debian --json >/tmp/kit.json
node - <<'NODE'
const { readFileSync, writeFileSync } = require('node:fs');
const kit = JSON.parse(readFileSync('/tmp/kit.json', 'utf8'));
writeFileSync('/etc/pushmirror/agent.token', kit.token + '\n', { mode: 0o600 });
writeFileSync('/etc/pushmirror/mirror-agent.toml', `# My own words.
name = "m.example.org"
network = "example"
state = "/var/lib/pushmirror"
allowed_signers = "/etc/pushmirror/allowed_signers"
[master]
url = "http://127.0.0.1:8470"
token_file = "/etc/pushmirror/agent.token"
${/^\[\[peer\]\][^[]*/m.exec(kit.agentConfig)[0]}
[ssh_server]
address = "127.0.0.1"
port = 2222
host_key = "/etc/pushmirror/ssh_host_key"
[[archive]]
name = "debian"
to = "/srv/mirrors/copy"
min_free = "1M"
profile = "generic"
upstream = "rsync://127.0.0.1/debian"
`);
NODE
chown pushmirror: /etc/pushmirror/*
systemctl start mirror-agent
until_true mirror-agent status
published
same
step 'mirror-agent runs under systemd as pushmirror, was pushed, and has pulled a release'

# --- the sandbox, seen from inside
for name in mirror-agent mirror-master; do
  pid=$(main_pid $name)
  [[ $(ps -o user= -p "$pid") == pushmirro* ]]
  grep -q '^NoNewPrivs:.1$' "/proc/$pid/status"
  grep -q '^Seccomp:.2$' "/proc/$pid/status"
  # CAP_NET_BIND_SERVICE and nothing else.
  [[ $(sed -n 's/^Cap\(Bnd\|Prm\|Eff\):.//p' "/proc/$pid/status" | sort -u) == 0000000000000400 ]]
  within() { nsenter -t "$pid" -m -- "$@" 2>/tmp/refused; }
  for place in /usr /etc /var/lib /srv /opt /boot; do
    [[ ! -d $place ]] || { ! within touch "$place/x" && grep -q 'Read-only file system' /tmp/refused; }
  done
  ! within ls /home/. >/dev/null || [[ -z $(within ls -A /home) ]]
  within touch /srv/mirrors/x && rm /srv/mirrors/x
done
pid=$(main_pid mirror-agent)
! nsenter -t "$pid" -m touch /etc/pushmirror/x 2>/dev/null
! nsenter -t "$pid" -m touch /var/lib/pushmirror-master/x 2>/dev/null
step 'both see a read-only system, but for state and /srv/mirrors; no privileges can be gained'

# --- upgrade
until_true mirror-agent status
sed 's/ .*//' <(mirror-master mirror list) >/tmp/mirrors-before
cp -a /etc/pushmirror /tmp/etc-before
before=$(main_pid mirror-agent) before_master=$(main_pid mirror-master) was=$(version_of mirror-master)
releases >/tmp/releases-before
began=$(now)
apt install /packages/*.deb
[[ $(version_of mirror-agent) == "$(dpkg-deb -f /packages/mirror-agent_*.deb Version)" && $(version_of mirror-master) != "$was" ]]
active mirror-agent && active mirror-master
[[ $(main_pid mirror-agent) != "$before" && $(main_pid mirror-master) != "$before_master" ]]
# A database that an older release has put there is not one of its settings.
diff -r --exclude=state /tmp/etc-before /etc/pushmirror
until_true mirror-master doctor
until_true mirror-agent status
took=$(since "$began")
diff /tmp/releases-before <(releases)
diff /tmp/mirrors-before <(mirror-master mirror list | sed 's/ .*//')
mirror-master audit verify >/dev/null
as_pushmirror sh -c 'echo second > /srv/mirrors/debian/news'
published
same
step "upgraded from $was to $(version_of mirror-master) in $took s: both were restarted, /etc/pushmirror is untouched, mirrors, releases and audit are as they were, and the next release arrived"
systemctl disable --now --quiet mirror-agent
apt install --reinstall /packages/mirror-agent_*.deb
[[ $(systemctl is-enabled mirror-agent) == disabled && $(systemctl is-active mirror-agent) == inactive ]]
step 'an upgrade starts nothing that was stopped and disabled'
systemctl enable --now --quiet mirror-agent

# --- remove, come back, purge
apt remove mirror-agent mirror-master
[[ -z $(pgrep -u pushmirror) ]]
[[ -e /etc/pushmirror/master.toml && -e /etc/pushmirror/mirror-agent.toml && -e /var/lib/pushmirror ]]
apt install /packages/mirror-agent_*.deb /packages/mirror-master_*.deb
until_true mirror-master doctor
until_true mirror-agent status
published
step 'removed and installed again: both go on where they were'
apt purge mirror-agent
[[ -e /etc/pushmirror/master.toml && ! -e /etc/pushmirror/mirror-agent.toml && ! -e /var/lib/pushmirror ]]
mirror-master doctor >/dev/null

# --- a mirror from nothing, as docs/operators.md says
mirror-master mirror remove m.example.org --reason 'purged' >/dev/null
printf '\n[registration]\nallow_addresses = ["127.0.0.0/8"]\n' >>/etc/pushmirror/master.toml
systemctl restart mirror-master
until_true mirror-master doctor
invite=$(mirror-master mirror invite | grep -o 'pmi_[A-Za-z0-9_-]*' | head -1)
rm -rf /srv/mirrors/copy /etc/nginx/sites-enabled/default
began=$(now)
apt install /packages/mirror-agent_*.deb
cp /usr/share/doc/mirror-agent/examples/nginx/pushmirror.conf /etc/nginx/conf.d/
sed -i 's|/srv/mirrors/debian/;|/srv/mirrors/copy/;|' /etc/nginx/conf.d/pushmirror.conf
systemctl restart nginx
as_pushmirror mirror-agent register --master http://127.0.0.1:8470 --invite "$invite" --name mirror.example.org \
  --archive debian --to /srv/mirrors/copy --url http://127.0.0.1/debian/ --ssh pushmirror@127.0.0.1:2222 \
  --contact 'Mirror team <mirror@example.org>' --country DE >/tmp/register.log 2>&1 || { cat /tmp/register.log && fail register; }
systemctl enable --now --quiet mirror-agent
until_true mirror-agent sync
served=$(node -e 'fetch("http://127.0.0.1/debian/news").then((a) => a.text()).then((t) => process.stdout.write(t))')
took=$(since "$began")
[[ $served == second ]]
# The first copy may be made before the service is up.
until_true mirror-agent doctor
step "from nothing to a served mirror: $took s from apt install to the first file that nginx serves"
apt purge mirror-agent
rm /etc/nginx/conf.d/pushmirror.conf
apt purge mirror-master
[[ $(cat /srv/mirrors/debian/news /srv/mirrors/copy/news) == $'second\nsecond' ]]
all_files >/tmp/after
left=$(comm -13 /tmp/before /tmp/after | grep -v -e '^/srv/mirrors\(/\|$\)' || true)
[[ -z $left ]] || { echo "$left" && fail 'these files are left behind'; }
[[ -z $(systemctl list-unit-files 'mirror-*' --no-legend) ]]
step 'purged: no file is left but the archives themselves (and the user pushmirror, whose they are)'
