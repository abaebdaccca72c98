# Programs, and the Debian packages that bring them.

declare -A package_of=(
  [apt-ftparchive]=apt-utils
  [bsdtar]=libarchive-tools
  [chromium]=chromium
  [createrepo_c]=createrepo-c
  [dbclient]=dropbear-bin
  [debootstrap]=debootstrap
  [dnf]=dnf
  [dpkg-deb]=dpkg
  [dpkg-shlibdeps]=dpkg-dev
  [fish]=fish
  [flock]=util-linux
  [ftpsync]=ftpsync
  [g++]=g++
  [git]=git
  [gpg]=gpg
  [gpgconf]=gpgconf
  [gpgv]=gpgv
  [make]=make
  [ip]=iproute2
  [makepkg]=makepkg
  [man]=man-db
  [mandoc]=mandoc
  [nginx]=nginx
  [node]=nodejs
  [npm]=npm
  [openssl]=openssl
  [pacman]=pacman-package-manager
  [plink]=putty-tools
  [puttygen]=putty-tools
  [python3]=python3
  [repo-add]=pacman-package-manager
  [reprepro]=reprepro
  [rpmbuild]=rpm
  [rsync]=rsync
  [setpriv]=util-linux
  [ssh]=openssh-client
  [ssh-audit]=ssh-audit
  [ssh-keygen]=openssh-client
  [sshd]=openssh-server
  [strip]=binutils
  [systemd-nspawn]=systemd-container
  [zsh]=zsh
)

# install_programs PROGRAM... : installs the Debian packages of those that are missing, where we
# may; else one sentence that names them.
install_programs() {
  local program packages=()
  # sshd lives in sbin, which an ordinary user's PATH does not have.
  PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
  for program in "$@"; do
    command -v "$program" >/dev/null || packages+=("${package_of[$program]}")
  done
  ((${#packages[@]} == 0)) && return
  install_packages $(printf '%s\n' "${packages[@]}" | sort -u)
}

# install_python_modules MODULE... : the same for modules of Debian's own Python.
install_python_modules() {
  local module packages=()
  for module in "$@"; do
    /usr/bin/python3 -c "import $module" 2>/dev/null || packages+=("python3-$module")
  done
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    die "These are missing: $* (names of Debian packages). Install them and run this again."
  elif ((EUID != 0)); then
    die "These Debian packages are missing. Run: sudo apt-get install $*"
  fi
  say "Installing Debian packages: $*"
  update_lists_once
  DEBIAN_FRONTEND=noninteractive with_log \
    apt-get -q -y --no-install-recommends install "$@" ||
    die "These Debian packages could not be installed: $* (see above)."
}

update_lists_once() {
  [[ -z ${lists_updated:-} ]] || return 0
  with_log apt-get -q update || say 'apt-get update failed (see above); trying all the same.'
  lists_updated=yes
}
