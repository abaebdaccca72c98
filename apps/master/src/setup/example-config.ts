import type { InitFiles } from './init-folder.ts';

/** The commented master.toml that `init` writes: the same keys as config/master.toml. */
export function exampleConfig(o: InitFiles & { network: string; name: string }): string {
  const text = (value: string) => JSON.stringify(value);
  return `# Settings of mirror-master. Paths are absolute; times are written like "90s", "10m", "2h".

# The network that all archives and mirrors here belong to. It is part of every signed head.
network = ${text(o.network)}
# This host's name: of its trace file, project/trace/NAME.
name = ${text(o.name)}
# Database and caches, on a disk that lasts.
state = ${text(o.state)}

# The ed25519 key that signs heads. Only its owner may read it.
signing_key = ${text(o.signingKey)}
# Who may sign heads, in OpenSSH's format; every mirror gets a copy.
allowed_signers = ${text(o.allowedSigners)}
# The key that the master pushes with. Mirrors put its public half in authorized_keys.
push_key = ${text(o.pushKey)}
# The token that mirror-master's own commands use.
admin_token_file = ${text(o.adminToken)}

# Where mirrors and people reach the API and the page, when a proxy stands in front.
# public_url = "https://push.example.org"
# Whose X-Forwarded-For says where a client is: true is a proxy on this machine; or those at these
# addresses: ["192.0.2.1", "2001:db8::/64"].
# trust_proxy = true
# Where mirrors pull from, when that is not the rsync daemon below.
# rsync_url = "rsync://ftp.example.org"

# How pushes are sent: "ssh2" (built in, fast), or "openssh" (the system's ssh, one process each).
# sender = "ssh2"
# How long a head counts. It is issued anew after a third of this.
# head_lifetime = "24h"
# A release that drops more files than this is refused. It counts for archives that are added from now on;
# "archive add --delete-limit" gives one its own, and "publish --allow-delete" lets one release through.
# delete_limit = 40000
# The folder with the programs that the gates of waves may run. Without it they run none.
# checks = "/etc/pushmirror/checks"

# Where the API and the page listen.
[listen]
address = "127.0.0.1"
port = 8470

# [push]
# concurrency = 64
# attempt_deadline = "20s"
# backoff_min = "5s"
# backoff_max = "10m"
# give_up_after = "24h"
# How long to wait for the end of a stock ftpsync's sync, and how often to read its trace file.
# stock_deadline = "6h"
# stock_poll = "5s"
# So long the mirrors below a stock hub are left to its runmirrors: mirror set NAME --runmirrors on.
# runmirrors_patience = "10m"
# At most so many mirrors pull from the master itself at once; others: mirror set NAME --slots N.
# slots = 64
# A mirror that pulls keeps its slot at its upstream for at most so long.
# slot_timeout = "30m"
# A hub that cannot be reached, or says nothing, for so long: others send to its downstreams.
# hub_patience = "5m"
# A mirror that was not reached for so long is tried once an hour, until it is heard of.
# quarantine_after = "24h"
# At most so many connections are kept open between pushes (sender "ssh2" only).
# standing = 1000

# How long the master remembers what each mirror did with a release: whichever is reached first.
# The current release, and what is still on its way, are always kept.
# [retention]
# pushes_for = "90d"
# So many releases of each archive.
# releases = 1000

# Mirrors are looked at from outside every so often (a fifth more or less), and when they report that
# they serve a release; so many at once, each look with a deadline. The sums of each hour and of each
# day are kept for so long, and what changed as long as the days.
# [probe]
# interval = "10m"
# concurrency = 32
# deadline = "20s"
# hours_for = "35d"
# days_for = "400d"

# Operators and release managers are told what happens to their mirrors and rollouts, by mail or webhook
# (mirror-agent notices, mirror-master notice). Mails leave over this SMTP server; without this section
# there are webhooks only. tls: "starttls" (port 587), "tls" (465) or "none" (25, on this host).
# [mail]
# host = "mail.example.org"
# port = 587
# tls = "starttls"
# from = "mirrors@example.org"
# The password lies alone in a file that only its owner may read.
# user = "mirrors@example.org"
# password_file = "/etc/pushmirror/mail_password"
# Authorities, in PEM, where the server's certificate is not from one that the system knows.
# ca_file = "/etc/pushmirror/mail_ca.pem"

# A state must last so long, and be seen again, before anybody hears of it; a mirror is stale when it
# lacks a release for so long; a certificate is news so long before its end. More than so many notices
# a day about one mirror (or one archive's rollouts) go into the next daily digest; all in all no more
# mails leave in an hour. What does not arrive is tried again, ever more slowly, until it is given up.
# [notices]
# settle = "30m"
# stale_after = "6h"
# certificate_before = "14d"
# a_day = 12
# mails_an_hour = 500
# retry_min = "30s"
# retry_max = "4h"
# retry_for = "2d"
# How long it is remembered what was told.
# keep_for = "90d"

# How operators' registrations (mirror-agent register) are taken: "invite" (only with an invitation of
# mirror-master mirror invite), "proof" (as soon as the public URL and the SSH endpoint are proven), or
# "review" (proven, then approved: mirror-master mirror approve). An invitation counts under all three.
# [registration]
# policy = "review"
# The master looks at registered URLs and endpoints only at public addresses. In a network without
# them, name the ranges that it may go to as well.
# allow_addresses = ["10.20.0.0/16"]
# The name servers that are asked; those of the system when left out.
# name_servers = ["192.0.2.53"]

# With this section the master runs an rsync daemon itself, with a read-only module per archive, open
# to all unless rules say otherwise (mirror-master acl, config/rules.toml). "::" is every address of
# both families.
# [rsyncd]
# address = "0.0.0.0"
# port = 873
# Nobody from elsewhere, whatever the rules say. Empty: no such limit. Numeric ones only.
# hosts_allow = ["192.0.2.0/24", "2001:db8::/32"]
# max_connections = 200

# With this section mirrors may pull over SSH too. The master writes STATE/rsync-ssh/authorized_keys,
# one line for each mirror's key, which runs rsync's daemon with that key's own modules and nothing
# else. Have the system's sshd go by it, for a user who can read the archives and STATE:
#   Match User mirror
#     AuthorizedKeysFile /var/lib/pushmirror-master/rsync-ssh/authorized_keys
# [rsync_ssh]
# url = "ssh://mirror@ftp.example.org"
# That sshd's public host key; mirrors pin it.
# host_key = "/etc/ssh/ssh_host_ed25519_key.pub"
# rsync = "/usr/bin/rsync"
`;
}
