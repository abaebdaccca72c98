#!/usr/bin/env bash
# host.sh WORK REPOSITORY NAME CERTIFICATES : become a host of the documents' network: this machine's root under an
# overlay, in namespaces of its own, with nothing of ours installed. Says "up", and stays until its
# stdin ends. world.ts calls it and gives it its network.
set -euo pipefail
work=$1 repository=$2 name=$3 certificates=$4
mount --make-rprivate /
mkdir -p "$work"
mount -t tmpfs -o mode=755 tmpfs "$work"
mkdir "$work"/{upper,work,root}
root=$work/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for folder in run srv tmp var/tmp; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp" "$root/var/tmp"
mkdir -p "$root/opt/pushmirror"
mount --bind "$repository" "$root/opt/pushmirror"
mount -o remount,bind,ro "$root/opt/pushmirror"
hostname "$name"
echo "$name" >"$root/etc/hostname"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_*
echo 'nameserver 11.0.0.53' >"$root/etc/resolv.conf"
rm -rf "$root/etc/pushmirror" "$root/root/.ssh" "$root/root/.gnupg"
install -m 755 "$repository"/test/docs/shims/* "$root/usr/local/bin/"
mkdir "$root/etc/ssl/docs"
cp "$certificates"/{ca,cert,key}.pem "$root/etc/ssl/docs/"
ip link set lo up
cd "$root"
exec chroot "$root" /bin/bash -c 'echo up; read -r _' || true
